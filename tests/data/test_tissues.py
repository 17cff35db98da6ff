"""Label maps for training on drawn images."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from softcord.data.cache import CacheSettings, prepare_volume
from softcord.data.tissues import agree_with_cord, brightness_classes, with_tissues
from softcord.errors import DataError

AFFINE = np.diag([-0.5, -0.5, 2.0, 1.0])
SHAPE = (24, 20, 8)


def write(path: Path, data: np.ndarray, affine: np.ndarray = AFFINE) -> Path:
    nib.save(nib.Nifti1Image(data.astype(np.float32), affine), path)
    return path


def cord_mask(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    mask = np.zeros(shape, bool)
    mask[10:16, 8:14] = True
    return mask


def test_brightness_classes_separate_what_differs_and_the_cord_is_one_class() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 4, SHAPE)
    cord = cord_mask()
    image = np.where(cord, 7.0, truth * 10.0 + rng.normal(0, 0.5, SHAPE)).astype(np.float32)
    labels = brightness_classes(image, cord, classes=4)
    np.testing.assert_array_equal(labels[~cord], truth[~cord])
    assert set(np.unique(labels[cord])) == {4}


def test_an_image_with_little_but_black_around_the_cord_has_fewer_classes() -> None:
    image = np.zeros(SHAPE, np.float32)
    image[0] = 5
    labels = brightness_classes(image, cord_mask())
    assert set(np.unique(labels)) <= {0, 1, 2}
    assert labels[0, 0, 0] != labels[2, 0, 0]


def test_the_cord_of_a_label_map_becomes_that_of_the_mask() -> None:
    cord = cord_mask()
    labels = np.full(SHAPE, 2, np.uint8)
    labels[11:18, 8:14] = 11  # the map's own cord, one voxel off, with a grey matter inside
    labels[13, 10] = 12
    agreed = agree_with_cord(labels, cord)
    assert set(np.unique(agreed[cord])) == {11, 12}
    assert set(np.unique(agreed[~cord])) == {2}
    assert (agreed == 12).sum() == (labels == 12).sum()


def test_a_label_map_without_cord_gets_one() -> None:
    cord = cord_mask()
    agreed = agree_with_cord(np.full(SHAPE, 3, np.uint8), cord)
    assert set(np.unique(agreed[cord])) == {4}
    assert set(np.unique(agreed[~cord])) == {3}


def test_maps_lie_on_the_grid_of_the_prepared_image(tmp_path: Path) -> None:
    labels = np.zeros(SHAPE, np.uint8)
    labels[:12], labels[12:] = 5, 9
    labels[cord_mask()] = 1
    image = write(tmp_path / "image.nii.gz", labels * 3.0 + 1)
    mask = write(tmp_path / "mask.nii.gz", cord_mask())
    volume = prepare_volume(image, mask, tmp_path / "cache")
    made = with_tissues(volume, write(tmp_path / "dseg.nii.gz", labels), CacheSettings())
    found, softseg = np.load(made.image), np.load(made.softseg)
    assert found.shape == softseg.shape == (12, 10, 16)
    assert set(np.unique(found)) == {1, 5, 9}
    np.testing.assert_array_equal(found == 1, softseg > 0.5)
    assert made.image.parent == volume.softseg.parent
    again = made.image.stat().st_mtime_ns
    assert with_tissues(volume, tmp_path / "dseg.nii.gz", CacheSettings()).image.stat().st_mtime_ns == again
    without = with_tissues(volume, None, CacheSettings())
    assert without.image != made.image
    assert np.load(without.image)[softseg > 0.5].min() == np.load(without.image).max()


@pytest.mark.parametrize(("change", "words"), [(0.5, "is no label map"), (300, "is no label map")])
def test_what_is_no_label_map_is_refused(tmp_path: Path, change: float, words: str) -> None:
    image = write(tmp_path / "image.nii.gz", np.random.default_rng(0).random(SHAPE))
    mask = write(tmp_path / "mask.nii.gz", cord_mask())
    volume = prepare_volume(image, mask, tmp_path / "cache")
    broken = write(tmp_path / "dseg.nii.gz", cord_mask() * change)
    with pytest.raises(DataError, match=words):
        with_tissues(volume, broken, CacheSettings())


def test_a_label_map_of_another_field_of_view_is_refused(tmp_path: Path) -> None:
    image = write(tmp_path / "image.nii.gz", np.random.default_rng(0).random(SHAPE))
    mask = write(tmp_path / "mask.nii.gz", cord_mask())
    volume = prepare_volume(image, mask, tmp_path / "cache")
    other = write(tmp_path / "dseg.nii.gz", np.ones((24, 20, 9)))
    with pytest.raises(DataError, match="another field of view"):
        with_tissues(volume, other, CacheSettings())
