"""The image of a mask is found beside it, or where BIDS has it."""

from pathlib import Path

import pytest

from softcord.measure.image_of_mask import image_of_mask


def made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


@pytest.mark.parametrize("mask", ["t2_softseg.nii.gz", "t2_seg.nii", "t2_label-SC_seg.nii.gz"])
def test_a_mask_beside_its_image_is_of_it(mask: str, tmp_path: Path) -> None:
    image = made(tmp_path / "t2.nii.gz")
    assert image_of_mask(tmp_path / mask) == image


def test_a_mask_among_derivatives_is_of_the_raw_image_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = made(tmp_path / "derivatives/bids/sub-01/anat/sub-01_T2w.nii")
    name = "sub-01/anat/sub-01_T2w_label-SC_softseg.nii.gz"
    folder = tmp_path / "derivatives/bids"  # itself under a folder of that name
    assert image_of_mask(folder / "derivatives/labels" / name) == image
    monkeypatch.chdir(folder)
    assert image_of_mask(Path("derivatives/labels") / name) == image


def test_no_other_image_is_taken_for_that_of_a_mask(tmp_path: Path) -> None:
    made(tmp_path / "t2.nii.gz")
    made(tmp_path / "sub-01_T1w.nii.gz")
    assert image_of_mask(tmp_path / "t2.nii.gz") is None
    assert image_of_mask(tmp_path / "sub-01_T2w_label-SC_seg.nii.gz") is None
