"""Everything that makes a participant unfit has a name."""

import numpy as np
import pytest

from softcord.gt.check import check_participant
from softcord.gt.grid import Grid, grid_of
from softcord.io.nifti import Volume

DISCS = {2: 55, 3: 38, 4: 20, 5: 3}


@pytest.fixture
def mask(cord):
    return cord((40, 36, 60), (0.8, 0.8, 0.8))


def labels(mask, places):
    """Disc labels in front of the cord, by number and slice."""
    data = np.zeros(mask.data.shape, dtype=np.float32)
    for number, k in places.items():
        data[20, 28, k] = number
    return Volume(data, mask.affine)


def findings(mask, discs=None, space=None, reference="T2w"):
    found = check_participant(
        {"T2w": mask}, {"T2w": space or grid_of(mask)}, {"T2w": discs} if discs else {}, reference
    )
    assert all(finding.hint for finding in found)
    return " | ".join(finding.what for finding in found)


def changed(mask, change):
    data = mask.data.copy()
    change(data)
    return Volume(data, mask.affine)


def test_a_good_mask_with_good_discs_has_no_finding(mask):
    assert findings(mask, labels(mask, DISCS)) == ""


def gap(data):
    data[:, :, 30:32] = 0


def hole(data):
    data[20, 18, 30] = 0


def speck(data):
    data[2, 2, 2] = 1


def softened(data):
    data[data > 0] = 0.7


def byte_range(data):
    data *= 255


def not_a_number(data):
    data[20, 18, 30] = np.nan


def nothing(data):
    data[:] = 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (gap, "2 components"),
        (speck, "2 components"),
        (hole, "holes in 1 axial slices"),
        (softened, "not only 0 and 1"),
        (byte_range, "not only 0 and 1"),
        (not_a_number, "NaN"),
        (nothing, "empty"),
    ],
)
def test_unfit_masks_are_named(mask, change, said):
    assert said in findings(changed(mask, change))


def test_a_cavity_open_only_along_the_cord_is_a_hole(mask):
    def drill(data):
        data[20, 18, :] = 0

    assert "holes in 60 axial slices" in findings(changed(mask, drill))


def test_another_space_than_the_image_is_named(mask):
    assert "shape" in findings(mask, space=Grid((40, 36, 61), mask.affine))
    moved = mask.affine.copy()
    moved[1, 3] += 0.5
    assert "lies up to 0.5 mm off its image" in findings(mask, space=Grid((40, 36, 60), moved))
    rounded = mask.affine + 1e-5
    assert findings(mask, space=Grid((40, 36, 60), rounded)) == ""


def test_no_reference_contrast_is_named(mask):
    assert "reference contrast has no hard mask" in findings(mask, reference="T1w")


@pytest.mark.parametrize(
    ("places", "said"),
    [
        ({2: 55, 4: 20, 5: 3}, "3 is missing"),
        ({3: 38, 5: 3}, "4 is missing"),
        ({2: 3, 3: 20, 4: 38}, "out of order"),
    ],
)
def test_unfit_discs_are_named(mask, places, said):
    assert said in findings(mask, labels(mask, places))


def test_a_disc_in_two_places_is_named(mask):
    twice = labels(mask, DISCS)
    twice.data[20, 28, 48] = 3
    assert "3 occurs in more than one place" in findings(mask, twice)


def test_a_disc_blob_of_several_voxels_is_one_disc(mask):
    blob = labels(mask, DISCS)
    blob.data[19:22, 27:29, 38] = 3
    assert findings(mask, blob) == ""


def test_a_disc_far_from_the_cord_is_named(cord):
    wide = cord((140, 140, 60), (0.8, 0.8, 0.8))
    data = np.zeros(wide.data.shape, dtype=np.float32)
    data[2, 2, 30] = 3
    assert "outside the cord" in findings(wide, Volume(data, wide.affine))


def test_half_a_disc_is_no_disc(mask):
    halves = labels(mask, {3: 38})
    halves.data[halves.data > 0] = 2.5
    assert "whole numbers" in findings(mask, halves)


def test_brainstem_and_conus_labels_are_no_discs(mask):
    assert findings(mask, labels(mask, {**DISCS, 50: 59, 60: 1})) == ""


def test_disc_labels_without_a_disc_are_named(mask):
    assert "holds no disc" in findings(mask, labels(mask, {}))
