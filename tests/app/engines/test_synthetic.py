"""`data=synthetic` through the ordinary training, and fine-tuning what it leaves behind."""

from pathlib import Path

import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.verbs.train import main
from softcord.measure.table import read_measures
from softcord.predict.package import read_description

SMALL = ("model.features=[4,8]", "model.strides=[[1,1,1],[2,2,2]]", "train.patch_size_mm=[16,16,16]")
QUICK = (
    *("phantom=tiny", "train.epochs=1", "machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu"),
    *SMALL,
)
DRAWN = ("experiment=synthetic_only", "synthetic.patches_per_epoch=4", "synthetic.validation_patches=2")


def plan(*overrides: str) -> Plan:
    return make_plan(compose(*overrides))


def test_a_model_of_drawn_patches_is_named_so() -> None:
    assert plan("experiment=synthetic_only").method == "soft_synthetic_diceCE_loss"
    assert plan("experiment=synthetic_only", "gt=hard").method == "hard_synthetic_diceCE_loss"


def test_an_ingredient_left_out_is_part_of_the_name() -> None:
    method = plan("experiment=synthetic_ablation", "synthetic.roots=0").method
    assert method == "soft_synthetic_diceCE_loss_roots0"


def test_the_settings_of_drawn_patches_make_no_difference_to_other_runs() -> None:
    assert plan().config_hash == plan("synthetic.roots=0").config_hash
    drawn = plan("experiment=synthetic_only")
    assert drawn.config_hash != plan("experiment=synthetic_only", "synthetic.roots=0").config_hash


def test_voxels_other_than_1_mm_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment=synthetic_only", "volumes.spacing_mm=0.8"]) == 2
    assert "volumes.spacing_mm" in capsys.readouterr().err


def test_a_misspelt_key_of_the_generator_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["experiment=synthetic_only", "synthetic.rots=0"]) == 2
    assert "rots" in capsys.readouterr().err


def test_a_model_to_start_from_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()
    assert main(["experiment=synthetic_then_real", "data.root=data", "train.start_from=nope"]) == 2
    assert "train.start_from: nope is no model" in capsys.readouterr().err


@pytest.mark.slow
def test_drawn_patches_train_and_the_model_is_fine_tuned_on_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*DRAWN, *QUICK]) == 0
    (run,) = (tmp_path / "outputs/synthetic_only").glob("soft_synthetic_diceCE_loss_s1-*")
    measures = read_measures(run / "measures.csv")
    tested = measures.loc[measures["method"] == "soft_synthetic_diceCE_loss", "participant_id"]
    assert tested.nunique() == 6  # split=all_test: every phantom
    seen = read_description(run / "model").trained_on
    assert [(one.dataset, one.participants) for one in seen] == [("synthetic", frozenset())]

    tuned = ("study=tuned", "train=finetune", f"train.start_from={run / 'model'}", "contrasts=T2w")
    assert main([*tuned, *QUICK, "train.patches_per_image=1"]) == 0
    (run,) = (tmp_path / "outputs/tuned").glob("soft_T2w_s1-*")
    datasets = [one.dataset for one in read_description(run / "model").trained_on]
    assert datasets == ["phantom-tiny", "synthetic"]

    capsys.readouterr()
    assert main([*tuned[1:], *QUICK, "study=other", "model.features=[8,8]"]) == 2
    assert "train.start_from: is a net with features=[4, 8]" in capsys.readouterr().err
