"""Files, volumes, images of nibabel and arrays are taken alike, and what is missing is said in one line."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest

import softcord
from softcord.api.volume import as_mask, as_volume

AFFINE = np.array([[0, 0, -3, 5], [0.5, 0, 0, -2], [0, 0.6, 0, 7], [0, 0, 0, 1.0]])
DATA = np.random.default_rng(1).random((6, 7, 4)).astype(np.float32)


def from_file(folder: Path) -> softcord.Volume:
    nib.save(nib.Nifti1Image(DATA, AFFINE), folder / "mask.nii.gz")
    return as_volume(folder / "mask.nii.gz")


WAYS: dict[str, Callable[[Path], softcord.Volume]] = {
    "file": from_file,
    "its name": lambda folder: from_file(folder) and as_volume(str(folder / "mask.nii.gz")),
    "volume": lambda folder: as_volume(softcord.Volume(DATA, AFFINE)),
    "nibabel": lambda folder: as_volume(nib.Nifti1Image(DATA, AFFINE)),
    "array": lambda folder: as_volume(DATA.astype(np.float64), affine=AFFINE),
    "one frame of four dimensions": lambda folder: as_volume(DATA[..., None], affine=AFFINE.tolist()),
}


@pytest.mark.parametrize("way", WAYS)
def test_the_same_image_is_the_same_volume_whatever_it_is_held_in(way: str, tmp_path: Path) -> None:
    volume = WAYS[way](tmp_path)
    np.testing.assert_allclose(volume.data, DATA)
    np.testing.assert_allclose(volume.affine, AFFINE, atol=1e-6)
    assert volume.data.dtype == np.float32


def test_spacing_alone_says_that_axes_run_from_right_posterior_and_inferior() -> None:
    volume = as_volume(DATA, spacing_mm=(0.5, 0.6, 3))
    assert nib.aff2axcodes(volume.affine) == ("L", "A", "S")
    assert volume.spacing_mm == pytest.approx((0.5, 0.6, 3))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "is an array without its geometry"),
        ({"affine": AFFINE, "spacing_mm": (1, 1, 1)}, "has both affine and spacing_mm"),
        ({"spacing_mm": (1, 1)}, "spacing_mm must be three numbers"),
        ({"spacing_mm": (1, 1, 0)}, "spacing_mm must be three numbers above 0"),
        ({"affine": np.eye(3)}, "affine must be a 4 x 4 matrix"),
        ({"affine": np.zeros((4, 4))}, "affine must be a 4 x 4 matrix that can be inverted"),
    ],
)
def test_an_array_without_a_usable_geometry_is_refused_in_one_line(given: dict[str, Any], said: str) -> None:
    with pytest.raises(softcord.SoftcordError, match=said) as error:
        as_volume(DATA, **given)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((4, 4)), "must be a 3-D array"),
        (np.zeros((4, 4, 3, 2)), "must be a 3-D array"),
        (np.full((4, 4, 3), "cord"), "must be a 3-D array of numbers"),
        (np.full((4, 4, 3), np.nan), "NaN or infinite"),
    ],
)
def test_an_array_that_is_no_volume_is_refused(array: np.ndarray, said: str) -> None:
    with pytest.raises(softcord.SoftcordError, match=said):
        as_volume(array, affine=np.eye(4))


def test_a_file_is_not_given_another_geometry(tmp_path: Path) -> None:
    with pytest.raises(softcord.SoftcordError, match="says by itself how it lies"):
        as_volume(tmp_path / "mask.nii.gz", affine=AFFINE)


def test_an_image_is_not_measured_as_if_it_were_a_mask() -> None:
    with pytest.raises(softcord.SoftcordError, match="a mask has 0 to 1"):
        as_mask(900 * DATA, affine=AFFINE)


def test_overlap_takes_an_array_beside_a_file(tmp_path: Path) -> None:
    from_file(tmp_path)
    assert softcord.overlap(DATA, tmp_path / "mask.nii.gz", affine=AFFINE)["dice_soft"] == pytest.approx(1)
    with pytest.raises(softcord.SoftcordError, match="grid"):
        softcord.overlap(DATA, tmp_path / "mask.nii.gz", affine=np.eye(4))
