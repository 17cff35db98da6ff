import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from softcord.measure.overlap import dice, dice_soft, rve_pct, volume_mm3

HARD = hnp.arrays(np.bool_, (3, 4, 2))
SOFT = hnp.arrays(np.float32, (3, 4, 2), elements=st.sampled_from([0, 0.125, 0.25, 0.5, 0.75, 1]))
NOTHING = np.zeros((3, 4, 2), dtype=np.bool_)


def test_dice_of_a_half_overlap() -> None:
    assert dice(np.array([1, 1, 0, 0]), np.array([0, 1, 1, 0])) == 0.5


@given(pred=HARD, reference=HARD)
def test_soft_dice_of_hard_masks_is_dice(pred: np.ndarray, reference: np.ndarray) -> None:
    assert dice_soft(pred, reference) == pytest.approx(dice(pred, reference))


@given(pred=SOFT, reference=SOFT)
def test_soft_dice_is_1_only_for_equal_masks(pred: np.ndarray, reference: np.ndarray) -> None:
    value = dice_soft(pred, reference)
    assert 0 <= value <= 1
    assert (value == pytest.approx(1, abs=1e-12)) == np.array_equal(pred, reference)


def test_empty_masks_have_defined_values() -> None:
    cord = ~NOTHING
    assert dice(NOTHING, NOTHING) == dice_soft(NOTHING, NOTHING) == 1
    assert dice(NOTHING, cord) == dice_soft(NOTHING, cord) == dice(cord, NOTHING) == 0
    assert rve_pct(NOTHING, cord) == -100
    assert rve_pct(NOTHING, NOTHING) == 0
    assert np.isnan(rve_pct(cord, NOTHING))


def test_rve_is_signed_and_counts_partial_volumes() -> None:
    reference = np.array([1, 1, 1, 1])
    assert rve_pct(np.array([1, 1, 1, 0]), reference) == -25
    assert rve_pct(np.array([1, 1, 1, 1.5]), reference) == 12.5
    assert rve_pct(np.array([0.25, 0.25], dtype=np.float32), np.array([0.5, 0.5], dtype=np.float32)) == -50


def test_volume_is_in_mm3() -> None:
    assert volume_mm3(np.array([1, 0.5, 0]), (0.5, 0.5, 5.0)) == pytest.approx(1.875)
