"""Surface distances against a reference that compares every pair of surface voxels."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from softcord.measure.surface import asd_anima_compat, asd_mm, hd95_mm, surface_distances

Bools = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]
SHAPES = hnp.array_shapes(min_dims=3, max_dims=3, min_side=1, max_side=6)
SPACINGS = st.tuples(*[st.sampled_from([0.35, 0.5, 0.8, 1.0, 3.0, 5.0])] * 3)


def surface_by_hand(mask: Bools) -> npt.NDArray[np.int64]:
    """Voxels with a face neighbour that is not in the mask, in Fortran order."""
    points = []
    for place in np.argwhere(mask.T)[:, ::-1]:
        for axis in range(3):
            for step in (-1, 1):
                other = place.copy()
                other[axis] += step
                outside = not 0 <= other[axis] < mask.shape[axis]
                if outside or not mask[tuple(other)]:
                    points.append(tuple(place))
    return np.array(list(dict.fromkeys(points)))


def distances_by_hand(pred: Bools, reference: Bools, spacing: Spacing) -> tuple[npt.NDArray[np.float64], ...]:
    a, b = (surface_by_hand(mask) * np.array(spacing) for mask in (pred, reference))
    apart = np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2))
    return apart.min(axis=1), apart.min(axis=0)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Bools, Bools]:
    shape = draw(SHAPES)
    masks = draw(hnp.arrays(np.bool_, shape)), draw(hnp.arrays(np.bool_, shape))
    assume(masks[0].any() and masks[1].any())
    return masks


@settings(max_examples=150, deadline=None)
@given(masks=pairs(), spacing=SPACINGS)
def test_asd_and_hd95_equal_brute_force(masks: tuple[Bools, Bools], spacing: Spacing) -> None:
    there, back = distances_by_hand(*masks, spacing)
    assert asd_mm(*masks, spacing) == pytest.approx(np.concatenate([there, back]).mean(), abs=1e-9)
    expected = max(np.percentile(there, 95), np.percentile(back, 95))
    assert hd95_mm(*masks, spacing) == pytest.approx(expected, abs=1e-9)
    for ours, theirs in zip(surface_distances(*masks, spacing), (there, back), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


@settings(max_examples=40, deadline=None)
@given(masks=pairs(), spacing=SPACINGS)
def test_distances_are_symmetric_and_ignore_padding(masks: tuple[Bools, Bools], spacing: Spacing) -> None:
    pred, reference = masks
    padded = tuple(np.pad(mask, [(1, 2), (3, 0), (0, 1)]) for mask in masks)
    for distance in (asd_mm, hd95_mm):
        assert distance(pred, reference, spacing) == pytest.approx(distance(reference, pred, spacing))
        assert distance(pred, reference, spacing) == pytest.approx(distance(*padded, spacing))
        assert distance(pred, pred, spacing) == 0


def test_a_shift_by_one_slice_is_one_slice_thick() -> None:
    pred, reference = np.zeros((2, 6, 6, 9), dtype=np.bool_)
    pred[2:4, 2:4, 2], reference[2:4, 2:4, 3] = True, True
    assert asd_mm(pred, reference, (0.5, 0.5, 5.0)) == pytest.approx(5.0)
    assert hd95_mm(pred, reference, (0.5, 0.5, 5.0)) == pytest.approx(5.0)


def test_a_missed_cord_is_as_far_as_the_volume_is_wide() -> None:
    cord, nothing = np.ones((3, 4, 12), dtype=np.bool_), np.zeros((3, 4, 12), dtype=np.bool_)
    for distance in (asd_mm, hd95_mm):
        assert distance(nothing, cord, (1, 1, 1)) == distance(cord, nothing, (1, 1, 1)) == 13.0
        assert distance(nothing, nothing, (1, 1, 1)) == 0.0


@settings(max_examples=60, deadline=None)
@given(masks=pairs())
def test_anima_compat_carries_the_smallest_distance_along(masks: tuple[Bools, Bools]) -> None:
    running = []
    for distances in distances_by_hand(*masks, (1.0, 1.0, 1.0)):
        smallest = np.inf
        for distance in distances:
            smallest = min(smallest, distance)  # never reset: the fault
            running.append(smallest)
    assert asd_anima_compat(*masks) == pytest.approx(np.mean(running), abs=1e-9)
    assert asd_anima_compat(*masks) <= asd_mm(*masks, (1.0, 1.0, 1.0)) + 1e-9


def test_anima_compat_hides_an_error_that_asd_shows() -> None:
    reference = np.zeros((20, 20, 10), dtype=np.bool_)
    reference[4:16, 4:16, 1:9] = True
    pred = reference.copy()
    pred[4, :, :] = False
    pred[16, 4:16, 1:9] = True
    pred[4, 4, 1] = True
    assert asd_mm(pred, reference, (1, 1, 1)) > 0.1
    assert asd_anima_compat(pred, reference) < 0.01
