"""What is kept of a prediction: the cord whole, nothing far from it."""

import numpy as np
import pytest

from softcord.predict.clean import keep_cord


def cord_in_haze(haze: float = 0.01) -> np.ndarray:
    softseg = np.full((30, 40, 20), haze, dtype=np.float32)
    softseg[12:18, 20:26, :] = 1
    softseg[11, 20:26, :] = 0.3  # partial volume
    return softseg


def test_the_cord_and_its_rim_keep_their_values() -> None:
    softseg = cord_in_haze()
    kept = keep_cord(softseg, rim_mm=3)
    assert np.array_equal(kept[9:21, 17:29], softseg[9:21, 17:29] * (kept[9:21, 17:29] > 0))
    assert (kept[11, 20:26] == np.float32(0.3)).all()
    assert (kept[12:18, 20:26] == 1).all()


def test_haze_beyond_the_rim_is_cleared() -> None:
    kept = keep_cord(cord_in_haze(), rim_mm=3)
    assert kept[8, 22, 10] == 0
    assert kept[:, 33:].sum() == 0


def test_a_second_object_is_cleared() -> None:
    softseg = cord_in_haze(0)
    softseg[2:4, 2:4, 5:9] = 0.9
    assert keep_cord(softseg, rim_mm=3)[2:4, 2:4].sum() == 0


def test_a_mask_without_cord_is_returned_as_it_is() -> None:
    softseg = np.full((4, 5, 6), 0.4, dtype=np.float32)
    assert np.array_equal(keep_cord(softseg, rim_mm=3), softseg)


@pytest.mark.parametrize("spacing_mm", [0.5, 1.0, 2.0])
def test_the_rim_is_measured_in_millimetres(spacing_mm: float) -> None:
    kept = keep_cord(cord_in_haze(), rim_mm=2, spacing_mm=spacing_mm)
    voxels = int(np.count_nonzero(kept[18:, 22, 10]))
    assert voxels == int(2 / spacing_mm)
