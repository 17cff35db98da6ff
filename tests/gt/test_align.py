"""Centroids, rotations and inverses with known truth."""

import numpy as np
import pytest

from softcord.gt.align import align, centroids_mm, common_frame
from softcord.gt.grid import apply_affine, cord_mask, voxel_points
from softcord.gt.resample import to_frame
from softcord.gt.settings import GtSettings
from softcord.gt.warp import no_displacement

T2W = ((40, 36, 60), (0.8, 0.8, 0.8))


def wavy(z):
    return 1.3 + 0.4 * np.sin(z / 9), -1.1 + 0.3 * np.cos(z / 7)


def leaning(z):
    """A cord that crosses voxels on its way, so that their corners do not add up to a direction."""
    return 1.3 + 1.5 * np.sin(z / 11), -1.1 + 0.15 * z


def residuals_mm(reference, moving, alignment):
    """Distance of the centres of mass in the slices that both masks show whole, measured anew."""
    frame = common_frame(reference.grid, [reference, moving])
    fixed = to_frame(reference, no_displacement(frame), frame, GtSettings())
    moved = to_frame(moving, alignment.warp, frame, GtSettings())
    apart = centroids_mm(moved.values, frame) - centroids_mm(fixed.values, frame)
    assert alignment.is_matched.sum() * 0.8 > 20
    return np.linalg.norm(apart, axis=0)[alignment.is_matched]


@pytest.mark.parametrize(
    ("shape", "spacing_mm"),
    [((38, 38, 50), (1.0, 1.0, 1.0)), ((60, 60, 9), (0.5, 0.5, 5.0)), ((36, 36, 9), (0.9, 0.9, 5.0))],
)
def test_centroids_agree_to_a_hundredth_of_a_millimetre_on_axis_aligned_grids(cord, shape, spacing_mm):
    reference, moving = cord_mask(cord(*T2W)), cord_mask(cord(shape, spacing_mm, wavy))
    alignment = align(reference, moving, GtSettings())
    assert np.nanmean(alignment.before_mm) > 1
    assert residuals_mm(reference, moving, alignment).max() <= 0.01
    assert np.nanmax(alignment.after_mm) <= 0.01


@pytest.mark.parametrize("degrees", [-15, 8, 20])
def test_centroids_agree_to_two_hundredths_of_a_millimetre_on_oblique_grids(cord, tilt, degrees):
    reference = cord_mask(cord(*T2W))
    moving = cord_mask(cord((60, 60, 9), (0.5, 0.5, 5.0), wavy, turn=tilt(degrees)))
    alignment = align(reference, moving, GtSettings())
    assert residuals_mm(reference, moving, alignment).max() <= 0.02


def test_ends_of_an_oblique_stack_do_not_pull_the_cord_aside(cord, tilt):
    reference = cord_mask(cord(*T2W))
    moving = cord_mask(cord((60, 60, 9), (0.5, 0.5, 5.0), lambda z: (1.0, 2.0), turn=tilt(20)))
    alignment = align(reference, moving, GtSettings())
    # the cord is shifted alike everywhere, so every slice must move alike, cut ones included
    assert (alignment.has_cord & ~alignment.is_matched).any()
    assert np.ptp(alignment.warp.shift_mm, axis=1).max() < 0.25
    np.testing.assert_allclose(alignment.warp.shift_mm.mean(axis=1), [-1.0, 2.0], atol=0.05)


@pytest.mark.parametrize("spacing_mm", [(0.8, 0.8, 0.8), (0.5, 1.0, 2.0), (1.0, 0.5, 5.0)])
@pytest.mark.parametrize("degrees", [-35, -12, 5, 35])
def test_known_rotations_are_recovered_within_a_degree_and_a_half(cord, spacing_mm, degrees):
    shape = tuple(int(np.ceil(size / mm)) for size, mm in zip((32, 32, 40), spacing_mm, strict=True))
    angle = np.deg2rad(degrees)
    reference = cord_mask(cord(*T2W))
    moving = cord_mask(cord(shape, spacing_mm, leaning, angle_rad=lambda z: angle))
    alignment = align(reference, moving, GtSettings(alignment="rigid"))
    found = np.rad2deg(alignment.warp.angle_rad)
    np.testing.assert_allclose(found, degrees, atol=1.5)
    assert np.nanmax(alignment.after_mm) <= 0.01


def test_a_rotation_that_changes_along_the_cord_is_followed(cord):
    reference = cord_mask(cord(*T2W))
    turning = cord_mask(cord(*T2W, angle_rad=lambda z: np.deg2rad(12) * np.sin(z / 15)))
    alignment = align(reference, turning, GtSettings(alignment="rigid"))
    z = (np.arange(60) - 29.5) * 0.8
    wrong = np.rad2deg(alignment.warp.angle_rad) - 12 * np.sin(z / 15)
    assert np.abs(wrong).max() < 1.5


def test_a_few_slices_with_a_wild_section_do_not_turn_their_neighbours(cord):
    reference = cord(*T2W)
    wild = cord(*T2W, angle_rad=lambda z: np.where(z > 20, np.deg2rad(40), 0.0))
    alignment = align(cord_mask(reference), cord_mask(wild), GtSettings(alignment="rigid"))
    assert np.rad2deg(np.abs(alignment.warp.angle_rad)).max() < 1.5


def test_a_round_cord_is_not_turned(cord):
    grid = cord(*T2W)
    i, j, _ = np.indices(grid.data.shape)
    grid.data[:] = np.hypot(i - 19.5, j - 17.5) <= 6
    alignment = align(cord_mask(cord(*T2W)), cord_mask(grid), GtSettings(alignment="rigid"))
    assert not alignment.warp.angle_rad.any()


@pytest.mark.parametrize("alignment", ["translation", "rigid"])
def test_there_and_back_is_where_it_was(cord, tilt, alignment):
    reference = cord_mask(cord(*T2W))
    moving = cord_mask(
        cord((60, 60, 9), (0.5, 0.5, 5.0), wavy, angle_rad=lambda z: 0.3 + z / 100, turn=tilt(10))
    )
    warp = align(reference, moving, GtSettings(alignment=alignment)).warp
    points = apply_affine(moving.grid.affine, next(voxel_points(moving.grid)))
    assert np.abs(warp.to_moving(warp.to_reference(points)) - points).max() <= 1e-6
    assert np.abs(warp.to_reference(warp.to_moving(points)) - points).max() <= 1e-6
    assert np.abs(warp.to_moving(points) - points).max() > 1


def test_slices_beyond_the_other_mask_follow_their_nearest_neighbour_or_stay(cord):
    reference = cord_mask(cord((40, 36, 30), (0.8, 0.8, 0.8)))
    moving = cord_mask(cord((38, 38, 50), (1.0, 1.0, 1.0), lambda z: (1.5, 0.0)))
    carried = align(reference, moving, GtSettings())
    stays = align(reference, moving, GtSettings(unmatched_slices="zero"))
    beyond = carried.has_cord & ~carried.is_matched
    assert beyond.sum() > 20
    np.testing.assert_allclose(carried.warp.shift_mm[0, beyond], -1.5, atol=0.05)
    assert not stays.warp.shift_mm[:, beyond].any()
    matched = carried.is_matched
    np.testing.assert_allclose(carried.warp.shift_mm[:, matched], stays.warp.shift_mm[:, matched], atol=1e-9)


def test_masks_without_a_slice_in_common_cannot_be_aligned(cord):
    reference = cord_mask(cord((40, 36, 30), (0.8, 0.8, 0.8)))
    far = cord_mask(cord((40, 36, 30), (0.8, 0.8, 0.8), centre_mm=(0, 0, 100)))
    with pytest.raises(ValueError, match="no slice"):
        align(reference, far, GtSettings())
