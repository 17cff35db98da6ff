"""`baseline=nnunet3d` from export to a measured row, with the real nnU-Net where it is installed."""

from pathlib import Path

import pytest

from softcord.app.console.remedies import with_keys
from softcord.app.verbs.train import main
from softcord.errors import UsageError
from softcord.measure.table import read_measures
from softcord.nnunet.install import Install, find_nnunet
from softcord.remedies import Remedy
from softcord.sweep.ledger import read_study
from softcord.track.store import open_store
from tests.quick import Lay

# `make nnunet` puts it there.
VENV = Path(__file__).parents[3] / ".venv-nnunet" / "bin"
ARGUMENTS = (
    "baseline=nnunet3d",
    "phantom=tiny",
    "contrasts=2",
    "train.nnunet={epochs: 2, iterations: 2, val_iterations: 1}",
    "engine.save_every_epochs=1",
    "machine.accelerator=cpu",
    "machine.jobs=2",
    "study=real",
)


@pytest.fixture
def nnunet() -> Install:
    try:
        return find_nnunet(VENV if VENV.is_dir() else None)
    except UsageError as error:
        pytest.skip(f"{error} (tests of the real nnU-Net)")


@pytest.mark.slow
def test_nnunet_is_trained_predicts_and_is_measured_by_one_command(
    nnunet: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = [*ARGUMENTS, f"machine.nnunet={nnunet.folder}"]
    assert main(arguments) == 0
    (run,) = read_study(Path("outputs/real"))
    assert run.is_complete
    assert run.method == "nnunet3d_T1w_T2w"
    folder = Path("outputs/real") / run.name
    table = read_measures(folder / "measures.csv")
    ours = table[table["method"] == run.method]
    # It learnt from two contrasts and is tested on all six.
    assert len(ours[ours["metric"] == "dice"]) == 6
    assert ours.loc[ours["metric"] == "dice", "value"].between(0, 1).all()
    assert (ours.loc[ours["metric"] == "inference_s", "value"] > 0).all()
    assert set(ours["gt"]) == {"soft_bin"}
    assert not (folder / "nnunet/raw").exists()
    client = open_store(Path("mlruns")).client()
    history = client.get_metric_history(run.store_run_id, "val/pseudo_dice")
    losses = client.get_metric_history(run.store_run_id, "train/loss")
    assert [one.step for one in losses] == [0, 1]
    assert {one.step for one in history} <= {0, 1}
    assert client.get_run(run.store_run_id).data.tags["provenance.nnunetv2"] != "n/a"
    # Killed while predicting: the same command predicts what is left, and does not train again.
    log = (folder / "nnunet/train.log").read_text()
    (folder / "nnunet/masks/sub-004_T2star.nii.gz").unlink()
    (folder / "run.json").write_text((folder / "run.json").read_text().replace('"complete"', '"running"'))
    assert main(arguments) == 0
    assert (folder / "nnunet/train.log").read_text() == log
    assert len(list((folder / "nnunet/masks").glob("*.nii.gz"))) == 6


def test_without_nnunet_the_run_says_how_to_install_it(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    lay_tiny_phantom: Lay,
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_tiny_phantom(tmp_path)
    assert main([*ARGUMENTS, f"machine.nnunet={tmp_path}", "machine.jobs=1"]) == 2
    assert "nnU-Net: not found in" in capsys.readouterr().err
    (run,) = read_study(Path("outputs/real"))
    assert Remedy.INSTALL_NNUNET in run.reason
    assert "make nnunet" in with_keys(run.reason)


@pytest.mark.parametrize(
    ("argument", "said"),
    [
        ("model_per_contrast=true", "model_per_contrast: is for softcord's own training"),
        ("data=synthetic", "data=synthetic: draws patches for softcord's own training"),
        ("train=synthetic", "train=synthetic: says nothing of how long nnU-Net trains"),
    ],
)
def test_what_nnunet_cannot_do_is_refused_in_one_line(
    argument: str,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["baseline=nnunet3d", "phantom=tiny", argument]) == 2
    error = capsys.readouterr().err
    assert f"softcord: {said}" in error
    assert len(error.splitlines()) == 1
    assert not Path("outputs").exists()
