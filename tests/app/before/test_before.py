"""A study made before the application was laid out in rooms is recognised, gone on with and compared.

``study.tar.xz`` holds its results and its store: soft and hard ground truth, complete, and a third run that
was interrupted in its training.
"""

import logging
import sqlite3
import tarfile
from pathlib import Path

import pytest

from softcord.app.main import main
from softcord.sweep.ledger import read_study
from softcord.track.store import open_store
from tests.quick import Lay

ARCHIVE = Path(__file__).with_name("study.tar.xz")
MADE_IN = "/tmp/before"
COMMAND = (
    *("train.epochs=4", "phantom=tiny", "split.train=0.34", "split.val=0.33", "split.test=0.33"),
    *("model.features=[4,8]", "model.strides=[[1,1,1],[2,2,2]]"),
    *("train.batch_size=4", "train.patch_size_mm=[32,48,64]", "train.validate_every_epochs=2"),
    *("train.learning_rate=0.02", "machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu"),
    *("contrasts=2", "study=before"),
)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    """The study in a folder of its own, with a store that knows that it has moved."""
    folder = tmp_path_factory.mktemp("before")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(folder, filter="data")
    with sqlite3.connect(folder / "mlruns/mlflow.db") as store:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            store.execute(f"UPDATE {table} SET {column} = replace({column}, ?, ?)", (MADE_IN, str(folder)))
    lay_tiny_phantom(folder)
    return folder


def test_a_complete_run_is_recognised_by_its_data_and_configuration(
    before: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(before)
    (made,) = [run for run in read_study(before / "outputs/before") if run.method.startswith("hard")]
    assert made.is_complete
    assert main(["train", "gt=hard", *COMMAND]) == 0
    assert f"{made.name} is complete" in capsys.readouterr().err
    (now,) = [run for run in read_study(before / "outputs/before") if run.name == made.name]
    assert now.started_at == made.started_at
    logging.getLogger("softcord").handlers.clear()


def test_its_runs_are_compared_and_its_models_applied(before: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(before)
    assert main(["compare", "study=before"]) == 0
    assert (before / "outputs/before/report.html").exists()
    split = [word for word in COMMAND if word.startswith("split.")]
    command = ["evaluate", "model=before/soft_T1w_T2w", "study=tested", "phantom=tiny", *split]
    on = ["evaluate.participants=test", "machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu"]
    assert main([*command, *on]) == 0
    (tested,) = read_study(before / "outputs/tested")
    assert tested.is_complete


def test_a_ground_truth_that_is_built_otherwise_now_is_another_method_and_says_so(
    before: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(before)
    (left,) = [run for run in read_study(before / "outputs/before") if run.method.startswith("softbin")]
    assert left.state == "interrupted"
    assert main(["train", "gt=soft_bin", *COMMAND]) == 0
    runs = {run.name: run for run in read_study(before / "outputs/before")}
    assert runs[left.name].state == "interrupted"
    (made,) = [run for name, run in runs.items() if name != left.name and run.method.startswith("softbin")]
    assert made.is_complete
    assert made.method == "softbin_T1w_T2w_gt_interpolation-cord"
    entry = open_store(before / "mlruns").client().get_run(made.store_run_id)
    assert entry.info.status == "FINISHED"
