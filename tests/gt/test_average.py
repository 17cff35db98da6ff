"""Weights by field of view, computed by hand."""

import numpy as np
import pytest

from softcord.gt.average import soft_average
from softcord.gt.resample import Covered
from softcord.gt.settings import GtSettings


def column(values, fov):
    return Covered(
        np.array(values, dtype=float).reshape(1, 1, -1), np.array(fov, dtype=float).reshape(1, 1, -1)
    )


def averaged(settings, **masks):
    return soft_average(masks, settings).values.ravel()


HALF_OVERLAP = {"T2w": column([1, 1, 1, 0], [1, 1, 1, 0]), "dwi": column([0, 0, 1, 1], [0, 1, 1, 1])}


def test_only_contrasts_that_cover_a_voxel_count_there():
    np.testing.assert_array_equal(averaged(GtSettings(), **HALF_OVERLAP), [1, 0.5, 1, 1])


def test_equal_weighting_counts_contrasts_that_do_not_cover_too():
    np.testing.assert_array_equal(averaged(GtSettings(weighting="equal"), **HALF_OVERLAP), [0.5, 0.5, 1, 0.5])


def test_user_weights_hold_where_both_cover():
    settings = GtSettings(weighting="user", weights={"T2w": 3.0})
    np.testing.assert_array_equal(averaged(settings, **HALF_OVERLAP), [1, 0.75, 1, 1])


def test_a_voxel_that_is_half_covered_is_not_half_cord():
    np.testing.assert_array_equal(averaged(GtSettings(), T2w=column([0.5], [0.5])), [1])


def test_where_nothing_covers_the_mask_is_unknown_not_nan():
    soft = soft_average({"T2w": column([1, 0], [1, 0])}, GtSettings())
    np.testing.assert_array_equal(soft.values.ravel(), [1, 0])
    np.testing.assert_array_equal(soft.fov.ravel(), [1, 0])


@pytest.mark.parametrize("masks", [{}, {"T2w": column([1], [1])}])
def test_an_average_of_nothing_is_refused(masks):
    with pytest.raises(ValueError, match="no contrast"):
        soft_average(masks, GtSettings(weighting="user", weights={"T2w": 0.0}))
