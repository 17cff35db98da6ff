"""Every baseline that is trained here, on the tiny phantom: one sweep, one study, a row each."""

import json
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.inputs.label_maps import label_map_volumes
from softcord.app.inputs.training_data import Dataset, open_dataset
from softcord.app.verbs.train import main
from softcord.errors import UsageError
from softcord.measure.table import read_measures
from softcord.phantom.tissues import Tissue
from softcord.predict.package import read_package
from softcord.sweep.ledger import Run, read_run, read_study, record
from softcord.track.store import open_store
from tests.app.verbs.test_train import ONE_EPOCH
from tests.quick import Lay

BASELINES = {
    "none": "soft_all",
    "softseg": "hard_all_SoftSeg",
    "bigaug": "hard_all_BigAug",
    "synthseg": "hard_all_SynthSeg",
    "per_contrast": "soft_per_contrast",
}
SWEEP = [*ONE_EPOCH, "-m", f"baseline={','.join(BASELINES)}"]
PER_CONTRAST = [*ONE_EPOCH, "baseline=per_contrast"]
SIX = {"T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi"}


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    """The folder in which all of them were run once."""
    folder = tmp_path_factory.mktemp("baselines")
    lay_tiny_phantom(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(SWEEP) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def in_study(study: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(study)
    return study / "outputs/quick"


def run_of(outputs: Path, method: str) -> tuple[Path, Run]:
    (run,) = (run for run in read_study(outputs) if run.method == method)
    return outputs / run.name, run


def measures_of(outputs: Path, method: str) -> pd.DataFrame:
    folder, _ = run_of(outputs, method)
    measures = read_measures(folder / "measures.csv")
    return measures[measures["method"] == method]


def test_a_sweep_over_baselines_gives_a_method_each(in_study: Path) -> None:
    runs = read_study(in_study)
    assert {run.method for run in runs} == set(BASELINES.values())
    assert all(run.is_complete for run in runs)


@pytest.mark.parametrize("method", BASELINES.values())
def test_every_baseline_is_measured_on_all_six_contrasts(in_study: Path, method: str) -> None:
    ours = measures_of(in_study, method)
    assert set(ours.loc[ours["metric"] == "dice", "contrast"]) == SIX
    assert (ours.loc[ours["metric"] == "csa_std_contrasts", "value"] == 6).all()


@pytest.mark.usefixtures("in_study")
def test_synthseg_trains_on_the_tissue_labels_of_t2w_as_often_as_others_on_images() -> None:
    plan = make_plan(compose(*ONE_EPOCH, "baseline=synthseg"))
    dataset = open_dataset(plan)
    volumes = label_map_volumes(plan, dataset.train, "training")
    assert len(volumes) == len(dataset.train)
    people = dataset.train["participant_id"].nunique()
    assert len({volume.image for volume in volumes}) == people
    labels = np.load(volumes[0].image)
    assert labels.dtype == np.uint8
    cord = np.load(volumes[0].softseg) > 0.5
    is_cord = np.isin(labels, [Tissue.WHITE_MATTER, Tissue.GREY_MATTER])
    np.testing.assert_array_equal(is_cord, cord)
    assert len(np.unique(labels)) > 8
    unlabelled = dataset.train.head(2).assign(tissues=None)
    made = label_map_volumes(plan, unlabelled, "training")
    assert [volume.image.name for volume in made] == ["tissues-brightness.npy"] * 2
    assert np.load(made[0].image)[np.load(made[0].softseg) > 0.5].min() == np.load(made[0].image).max()
    four = make_plan(compose(*ONE_EPOCH, "baseline=synthseg", "recipe=paper_code"))
    mixture = four.augment().mixture
    assert mixture is not None
    assert mixture.structures is not None
    assert set(mixture.structures[0]) == {Tissue.WHITE_MATTER, Tissue.GREY_MATTER}
    with pytest.raises(UsageError, match="no training image has tissue labels"):
        label_map_volumes(four, unlabelled, "training")


def test_each_contrast_has_a_complete_training_of_its_own_below_the_one_run(in_study: Path) -> None:
    folder, run = run_of(in_study, "soft_per_contrast")
    children = {path.name: read_run(path) for path in (folder / "models").iterdir()}
    assert set(children) == SIX
    weights = set()
    for name, child in children.items():
        assert child is not None
        assert child.is_complete
        assert child.fingerprint != run.fingerprint
        package = folder / "models" / name / "model"
        assert read_package(package).description.trained_on[0].contrasts == (name,)
        weights.add((package / "weights.safetensors").read_bytes())
    assert len(weights) == 6


def test_the_store_nests_the_trainings_below_their_run(study: Path, in_study: Path) -> None:
    _, run = run_of(in_study, "soft_per_contrast")
    client = open_store(study / "mlruns").client()
    experiment = client.get_experiment_by_name("quick")
    found = client.search_runs(
        [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{run.store_run_id}'"
    )
    assert {one.data.tags["contrasts"] for one in found} == SIX
    for one in found:
        assert one.data.tags["softcord.state"] == "complete"
        assert {"train/loss", "val/loss"} <= set(one.data.metrics)


def test_a_broken_training_is_repeated_and_finished_ones_are_left_alone(in_study: Path) -> None:
    folder, run = run_of(in_study, "soft_per_contrast")
    broken = folder / "models" / "dwi"
    child = read_run(broken)
    assert child is not None
    record(folder, run, "interrupted")
    record(broken, child, "interrupted")
    (broken / "checkpoints" / "last.ckpt").unlink()
    packages = folder.glob("models/*/model/model.json")
    before = {path.parts[-3]: path.stat().st_mtime_ns for path in packages}
    measures = (folder / "measures.csv").read_text()
    assert main(PER_CONTRAST) == 0
    after = {path.parts[-3]: path.stat().st_mtime_ns for path in folder.glob("models/*/model/model.json")}
    assert {name for name in SIX if after[name] != before[name]} == {"dwi"}
    again = read_run(folder)
    assert again is not None
    assert again.is_complete
    assert again.store_run_id == run.store_run_id
    assert (folder / "measures.csv").read_text() == measures


def test_a_model_that_fails_is_named_and_the_others_are_kept(
    in_study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from softcord.app.engines import net

    train_net = net.train_net

    def failing(plan, description, *rest):
        if description.name.endswith("-T2w"):
            raise RuntimeError("no memory")
        train_net(plan, description, *rest)

    monkeypatch.setattr(net, "train_net", failing)
    command = [*PER_CONTRAST, "contrasts=2", "study=failing"]
    assert main(command) == 1
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "1 of 2 models failed (T2w): RuntimeError: no memory" in said
    (run,) = read_study(in_study.parent / "failing")
    folder = in_study.parent / "failing" / run.name
    states = {path.name: read_run(path) for path in (folder / "models").iterdir()}
    assert {name: child.state for name, child in states.items() if child} == {
        "T1w": "complete",
        "T2w": "failed",
    }
    monkeypatch.undo()
    os.chdir(in_study.parents[1])
    assert main(command) == 0
    # What is tested but has no model: said, not predicted, not measured.
    (said,) = re.findall("makes no masks of (.*):", (folder / "log.txt").read_text())
    assert sorted(said.split(", ")) == ["GREt1w", "MTon", "T2star", "dwi"]
    ours = measures_of(in_study.parent / "failing", "soft_per_contrast_T1w_T2w")
    assert set(ours.loc[ours["metric"] == "dice", "contrast"]) == {"T1w", "T2w"}
    assert (ours.loc[ours["metric"] == "csa_std_contrasts", "value"] == 2).all()
    assert len(list((folder / "predictions").rglob("*.nii.gz"))) == 2


def test_a_contradicted_baseline_is_tagged_as_modified(study: Path, in_study: Path) -> None:
    assert main([*ONE_EPOCH, "baseline=bigaug", "loss=awing", "contrasts=T2w"]) == 0
    folder, run = run_of(in_study, "hard_T2w_BigAug_awing_loss")
    assert json.loads((folder / "provenance.json").read_text())["modified"] == "loss=awing"
    client = open_store(study / "mlruns").client()
    assert client.get_run(run.store_run_id).data.tags["modified"] == "loss=awing"
    plain = run_of(in_study, "hard_all_BigAug")[1]
    assert "modified" not in client.get_run(plain.store_run_id).data.tags


def opened(*overrides: str) -> Dataset:
    return open_dataset(make_plan(compose(*ONE_EPOCH, *overrides)))


def label_folders(dataset: Dataset, side: str) -> set[str]:
    return {Path(label).parts[-4] for label in getattr(dataset, side)["label"]}


@pytest.mark.usefixtures("in_study")
def test_fewer_contrasts_make_their_own_ground_truth_and_are_tested_on_all_six() -> None:
    two, six, each = opened("contrasts=2"), opened(), opened("baseline=per_contrast")
    assert set(two.train["contrast"]) == set(two.val["contrast"]) == {"T1w", "T2w"}
    assert set(two.test["contrast"]) == set(six.train["contrast"]) == SIX
    # Learnt from the average of two masks, held against that of six.
    assert label_folders(six, "train") == label_folders(two, "test") == {"labels_softseg"}
    assert label_folders(two, "train").isdisjoint({"labels_softseg", "labels"})
    # One model per contrast is no such ablation: all learn from the average of all.
    assert label_folders(each, "train") == {"labels_softseg"}


@pytest.mark.slow
def test_models_of_contrasts_can_train_at_once(in_study: Path) -> None:
    assert main([*PER_CONTRAST, "contrasts=2", "study=at_once", "machine.trainings=2"]) == 0
    (run,) = read_study(in_study.parent / "at_once")
    folder = in_study.parent / "at_once" / run.name
    assert all(child and child.is_complete for child in map(read_run, (folder / "models").iterdir()))
