"""One model per contrast: six trainings below one run, measured as one method."""

import os
from pathlib import Path

import pytest

from softcord.app.train import main
from softcord.measure.table import read_measures
from softcord.sweep.ledger import Run, read_run, read_study
from tests.app.test_train import QUICK

COMMAND = [*QUICK, "baseline=per_contrast", "contrasts=2"]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which models of two contrasts were trained once."""
    folder = tmp_path_factory.mktemp("per_contrast")
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(COMMAND) == 0
    finally:
        os.chdir(before)
    return folder


def only_run(study: Path) -> tuple[Path, Run]:
    (run,) = read_study(study / "outputs/quick")
    return study / "outputs/quick" / run.name, run


def test_each_contrast_has_a_complete_training_below_the_one_run(study: Path) -> None:
    folder, run = only_run(study)
    assert run.method == "soft_per_contrast_T1w_T2w"
    children = {path.name: read_run(path) for path in (folder / "models").iterdir()}
    assert set(children) == {"T1w", "T2w"}
    for name, child in children.items():
        assert child is not None
        assert child.is_complete
        assert (folder / "models" / name / "checkpoints/best.ckpt").exists()
    weights = [(folder / "models" / name / "checkpoints/best.ckpt").read_bytes() for name in children]
    assert weights[0] != weights[1]


def test_images_of_a_contrast_without_a_model_are_not_predicted(study: Path) -> None:
    folder, run = only_run(study)
    measures = read_measures(folder / "measures.csv")
    ours = measures[measures["method"] == run.method]
    assert set(ours.loc[ours["metric"] == "dice", "contrast"]) == {"T1w", "T2w"}
    assert len(sorted((folder / "predictions").rglob("*.nii.gz"))) == 2
    assert "no model was trained on GREt1w, MTon, T2star, dwi" in (folder / "log.txt").read_text()
