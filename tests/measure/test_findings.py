import numpy as np
import pytest

from softcord.io.nifti import Volume
from softcord.measure.csa import csa_per_slice
from tests.measure.drawn_cords import draw_cord, rpi_affine, tilted


def findings(data: np.ndarray) -> list[str]:
    return list(csa_per_slice(Volume(data, rpi_affine((1, 1, 2))))["findings"])


def test_a_clean_cord_that_leaves_the_volume_says_only_that() -> None:
    cord = draw_cord(tilted(0, 10), (0.8, 0.8, 5.0))
    found = csa_per_slice(cord.softseg)["findings"].tolist()
    assert found[0] == found[-1] == "volume-end"
    assert set(found[1:-1]) == {""}


def column() -> np.ndarray:
    data = np.zeros((12, 12, 8), dtype=np.float32)
    data[4:8, 4:8, 1:7] = 1
    return data


def test_a_gap_is_found() -> None:
    data = column()
    data[:, :, 3] = 0
    assert findings(data) == ["", "", "", "empty", "", "", "", ""]


def test_values_outside_0_to_1_are_found() -> None:
    data = column()
    data[0, 0, 2], data[5, 5, 4] = -0.1, 1.2
    assert findings(data)[2] == "range:-0.1..1"
    assert findings(data)[4] == "range:0..1.2"


def test_a_plateau_below_1_is_found() -> None:
    data = column()
    data[:, :, 5] *= np.float32(4 / 6)
    assert findings(data)[5] == "plateau:0.67"


def test_separate_pieces_are_found_but_not_a_faint_rim() -> None:
    data = column()
    data[0, 0, 2] = 1
    data[11, 11, 4] = 0.05
    data[8, 8, 5] = 1  # touches by a corner
    assert findings(data)[2] == "components:2; volume-side"
    assert findings(data)[4] == findings(data)[5] == ""


def test_a_cord_that_the_image_cuts_at_its_side_is_found() -> None:
    for axis in (0, 1):
        for at in (slice(None, 6), slice(6, None)):
            cut = column()[tuple(at if axis == other else slice(None) for other in range(3))]
            assert findings(cut)[3] == "volume-side"
    assert findings(column())[3] == ""


def test_a_single_slice_has_no_angle_and_says_so() -> None:
    for data in (column()[:, :, 3:4], column() * (np.arange(8) == 3)):
        found = csa_per_slice(Volume(data.astype(np.float32), rpi_affine((1, 1, 2))))
        (row,) = found[found["area_mm2"].notna()].to_dict("records")
        assert "single-slice" in row["findings"]
        assert row["area_mm2"] == 16


def test_the_extra_piece_is_in_the_area_and_said_to_be() -> None:
    data = column()
    data[0:2, 0:2, 3] = 1
    measured = csa_per_slice(Volume(data, rpi_affine((1, 1, 2))), angle_correction=False)
    assert measured["area_mm2"][3] == pytest.approx(16 + 4)
    assert "components:2" in measured["findings"][3]
