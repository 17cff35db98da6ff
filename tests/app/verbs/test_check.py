from pathlib import Path

import numpy as np
import pytest

from softcord.app.verbs.check import main
from softcord.io.nifti import write_volume


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two participants with T2w and hard masks, and a working directory to write to."""
    monkeypatch.chdir(tmp_path)
    mask = np.zeros((5, 6, 7), np.uint8)
    mask[2:4, 2:4] = 1
    for i, participant in enumerate(("sub-01", "sub-02")):
        stem = f"{participant}/anat/{participant}_T2w"
        image = np.random.default_rng(i).random(mask.shape, np.float32)
        write_volume(tmp_path / f"bids/{stem}.nii.gz", image, np.eye(4))
        write_volume(tmp_path / f"bids/derivatives/labels/{stem}_label-SC_seg.nii.gz", mask, np.eye(4))
    return tmp_path / "bids"


def arguments(root: Path) -> list[str]:
    return ["data=bids", f"data.root={root}", "gt=hard", "contrasts=T2w", "machine.jobs=1"]


def test_a_usable_dataset_is_code_0_with_table_and_page(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments(root)) == 0
    printed = capsys.readouterr().out
    assert "sub-02" in printed
    assert "no participants.tsv: participants.tsv" in printed
    assert Path("outputs/check/bids/check.html").exists()
    assert "no participants.tsv" in Path("outputs/check/bids/findings.tsv").read_text()


def test_a_missing_label_is_code_3(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    next(root.rglob("sub-01_T2w_label-SC_seg.nii.gz")).unlink()
    assert main(arguments(root)) == 3
    assert "no hard mask: sub-01/anat/sub-01_T2w.nii.gz" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("wrong", "code", "says"),
    [
        ("data.root=nowhere", 3, "nowhere: is not a folder"),
        ("data.rot=x", 2, "Did you mean"),
        ("check.depth=voxel", 2, "check.depth: unknown depth 'voxel'"),
        ("contrasts=T3w", 2, "contrasts: unknown contrast 'T3w'"),
        ("-m", 2, "takes one configuration"),
    ],
)
def test_wrong_usage_is_one_line(
    root: Path, wrong: str, code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments(root), wrong]) == code
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count("\n") == 1
    assert captured.out == ""
