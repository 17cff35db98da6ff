"""Areas by two masks of one image: over the same slices, and no cord that is missed vanishes."""

from pathlib import Path

import numpy as np
import pytest

from softcord.drift.areas import Labels, areas_of
from softcord.errors import DataError
from softcord.io.nifti import write_volume
from tests.drift.cylinders import DISCS, SHAPE, cylinder


@pytest.fixture
def labels(tmp_path: Path) -> Labels:
    discs = np.zeros(SHAPE, np.uint8)
    for value, z in DISCS.items():
        discs[12, 12, z] = value
    write_volume(tmp_path / "discs.nii.gz", discs, cylinder(70).affine)
    return Labels(discs=tmp_path / "discs.nii.gz")


def test_the_planted_difference_is_measured_at_each_level_and_over_both(labels: Labels) -> None:
    found = areas_of(cylinder(70), cylinder(72), labels, (2, 3))
    assert [one.level for one in found] == ["2:3", "2", "3"]
    for one in found:
        assert one.new_mm2 - one.old_mm2 == pytest.approx(2.0, abs=0.05)


def test_slices_that_the_new_mask_misses_count_as_nothing_and_are_the_same_for_both(labels: Labels) -> None:
    whole, upper = cylinder(70), cylinder(70, first=12)
    found = areas_of(whole, upper, labels, (2, 3))[0]
    turned = areas_of(upper, whole, labels, (2, 3))[0]
    assert found.old_mm2 == pytest.approx(70.0, abs=0.5)
    assert found.new_mm2 == pytest.approx(70.0 * (1 - found.new_missed / found.slices), abs=0.5)
    assert (found.slices, found.new_missed) == (turned.slices, turned.old_missed)
    assert not found.failed("new")


def test_a_mask_that_misses_more_than_half_of_the_slices_has_failed(labels: Labels) -> None:
    found = areas_of(cylinder(70), cylinder(70, first=21), labels, (2, 3))[0]
    assert found.failed("new")
    assert not found.failed("old")


def test_without_levels_the_whole_cord_is_measured_and_no_label_is_read() -> None:
    found = areas_of(cylinder(70), cylinder(72), Labels(), ())
    assert [(one.level, one.slices) for one in found] == [("all", SHAPE[2])]


def test_levels_cannot_be_told_without_labels() -> None:
    with pytest.raises(DataError, match="no disc labels"):
        areas_of(cylinder(70), cylinder(72), Labels(), (2, 3))
