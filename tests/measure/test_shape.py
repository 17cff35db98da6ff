from pathlib import Path

import numpy as np
import pytest

from softcord.io.nifti import Volume, read_volume
from softcord.measure.shape import SHAPE_COLUMNS, shape_per_slice
from tests.measure.drawn_cords import SEMI_AXES_MM, VOXELS_MM, draw_cord, rpi_affine, tilted

RL_MM, AP_MM = 2 * SEMI_AXES_MM[0], 2 * SEMI_AXES_MM[1]


@pytest.mark.parametrize("spacing_mm", VOXELS_MM, ids=str)
@pytest.mark.parametrize("tilt_deg", [(0, 0), (20, 20)], ids=str)
def test_ellipse_has_its_axes_seen_along_the_cord(
    spacing_mm: tuple[float, float, float], tilt_deg: tuple[float, float]
) -> None:
    shape = shape_per_slice(draw_cord(tilted(*tilt_deg), spacing_mm, length_mm=30).softseg).mean()
    assert shape["diameter_rl_mm"] == pytest.approx(RL_MM, rel=0.003)
    assert shape["diameter_ap_ellipse_mm"] == pytest.approx(AP_MM, rel=0.003)
    assert shape["eccentricity"] == pytest.approx(np.sqrt(1 - (AP_MM / RL_MM) ** 2), abs=0.005)
    assert abs(shape["orientation_deg"]) <= 0.3
    x = np.linspace(-1.5, 1.5, 1001)
    mean_chord_mm = AP_MM * np.sqrt(1 - (x / SEMI_AXES_MM[0]) ** 2).mean()
    assert shape["diameter_ap_mm"] == pytest.approx(mean_chord_mm, rel=0.01)
    assert shape["length_anterior_mm"] == pytest.approx(mean_chord_mm / 2, rel=0.02)
    assert shape["diameter_ap_mm"] == pytest.approx(
        shape["length_anterior_mm"] + shape["length_posterior_mm"]
    )
    assert shape["solidity"] == pytest.approx(1, abs=0.01)


def section(inside: "np.ndarray") -> Volume:
    return Volume(np.repeat(inside[:, :, None], 5, axis=2).astype(np.float32), rpi_affine((0.2, 0.2, 2)))


@pytest.mark.parametrize("turn_deg", [-40, -10, 0, 25, 44])
def test_orientation_is_positive_where_the_left_is_in_front(turn_deg: float) -> None:
    x, y = (np.mgrid[:100, :100] - 49.3) * 0.2
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    ellipse = ((c * x + s * y) / 6.5) ** 2 + ((c * y - s * x) / 4) ** 2 <= 1
    shape = shape_per_slice(section(ellipse), mode="bin").mean()
    assert shape["orientation_deg"] == pytest.approx(turn_deg, abs=0.5)
    assert shape["diameter_rl_mm"] == pytest.approx(13, rel=0.01)


def test_the_wider_axis_need_not_be_right_left() -> None:
    x, y = (np.mgrid[:100, :100] - 49.3) * 0.2
    shape = shape_per_slice(section((x / 4) ** 2 + (y / 6.5) ** 2 <= 1), mode="bin").mean()
    assert shape["diameter_ap_ellipse_mm"] == pytest.approx(13, rel=0.01)
    assert shape["diameter_rl_mm"] == pytest.approx(8, rel=0.01)


def test_a_dent_lowers_solidity_by_its_share_of_the_hull() -> None:
    x, y = (np.mgrid[:80, :80] - 39.5) * 0.25
    dented = (np.maximum(abs(x), abs(y)) <= 5) & (y <= abs(x))
    volume = Volume(np.repeat(dented[:, :, None], 3, axis=2).astype(np.float32), rpi_affine((0.25, 0.25, 2)))
    assert shape_per_slice(volume, mode="bin")["solidity"].mean() == pytest.approx(0.75, abs=0.02)


def test_slices_without_cord_and_single_voxels_do_no_harm() -> None:
    data = np.zeros((9, 9, 6), dtype=np.float32)
    assert shape_per_slice(Volume(data, rpi_affine((1, 1, 1))))[list(SHAPE_COLUMNS)].isna().all(axis=None)
    data[3:6, 3:6, [1, 4]] = 1
    data[4, 4, 2] = 1
    shape = shape_per_slice(Volume(data, rpi_affine((1, 1, 1))))
    assert np.flatnonzero(shape["diameter_ap_mm"].notna()).tolist() == [1, 2, 4]


@pytest.mark.real
def test_shape_of_a_real_slice_is_near_scts(shared_data: Path) -> None:
    folder = shared_data / "real-mini/derivatives/labels/sub-sctB/anat"
    shape = shape_per_slice(read_volume(folder / "sub-sctB_T2w_label-SC_seg.nii.gz")).iloc[10]
    # The values that SCT's own tests hold for this slice.
    assert shape["diameter_ap_mm"] == pytest.approx(7.8425, rel=0.005)
    assert shape["diameter_rl_mm"] == pytest.approx(12.5378, rel=0.005)
    assert shape["orientation_deg"] == pytest.approx(-5.4359, abs=0.1)
    assert shape["eccentricity"] == pytest.approx(0.76787, abs=0.015)
    assert shape["solidity"] == pytest.approx(0.96911, abs=0.01)
