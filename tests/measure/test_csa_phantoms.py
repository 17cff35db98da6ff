"""CSA against cords whose area and direction are known: the bars that make it an instrument."""

import numpy as np
import pytest

from softcord.measure.csa import csa_per_slice
from tests.measure.drawn_cords import (
    SCT_PHANTOMS,
    VOXELS_MM,
    Curve,
    SctPhantom,
    arc,
    draw_cord,
    draw_sct_phantom,
    helix,
    tilted,
)

TILTS_DEG = ((0, 0), (0, 10), (10, 20), (15, 15), (20, 20))


@pytest.mark.parametrize("phantom", SCT_PHANTOMS, ids=lambda phantom: phantom.name)
def test_scts_phantoms_have_their_area_and_angles(phantom: SctPhantom) -> None:
    measured = csa_per_slice(draw_sct_phantom(phantom), angle_correction=phantom.angles_deg is not None)
    filled = measured.dropna(subset="area_mm2")
    error = filled["area_mm2"] / phantom.area_mm2 - 1
    assert abs(error.mean()) <= 0.001
    assert error.abs().max() <= 0.006
    if phantom.angles_deg is not None:
        angles = filled[["angle_ap_deg", "angle_rl_deg"]].mean()
        assert np.abs(angles.to_numpy() - phantom.angles_deg).max() <= 0.1
    empty = [] if phantom.empty_slice is None else [phantom.empty_slice]
    assert measured["slice"][measured["area_mm2"].isna()].tolist() == empty


@pytest.mark.parametrize("spacing_mm", VOXELS_MM, ids=str)
@pytest.mark.parametrize("tilt_deg", TILTS_DEG, ids=str)
def test_soft_oblique_cylinder_has_its_area(
    spacing_mm: tuple[float, float, float], tilt_deg: tuple[float, float]
) -> None:
    cord = draw_cord(tilted(*tilt_deg), spacing_mm)
    measured = csa_per_slice(cord.softseg)
    error = measured["area_mm2"] / cord.area_mm2 - 1
    assert abs(error.mean()) <= (0.0025 if spacing_mm[0] <= 0.8 else 0.005)
    assert error.abs().max() <= 0.01
    for name, true_deg in zip(("angle_ap_deg", "angle_rl_deg"), tilt_deg, strict=True):
        assert abs(measured[name].mean() - true_deg) <= 0.1
        assert (measured[name] - true_deg).abs().max() <= 0.3


@pytest.mark.parametrize("spacing_mm", [VOXELS_MM[0], VOXELS_MM[3]], ids=str)
@pytest.mark.parametrize(
    "curve",
    [arc(100), arc(60), helix(3, 100), helix(5, 120)],
    ids=["arc 100", "arc 60", "helix 3/100", "helix 5/120"],
)
def test_curved_cord_has_its_area(spacing_mm: tuple[float, float, float], curve: tuple[Curve, Curve]) -> None:
    cord = draw_cord(curve, spacing_mm, length_mm=60)
    measured = csa_per_slice(cord.softseg)
    assert abs(measured["area_mm2"].mean() / cord.area_mm2 - 1) <= 0.005


def test_arc_has_its_tangents() -> None:
    cord = draw_cord(arc(100), (0.8, 0.8, 0.8), length_mm=60)
    measured = csa_per_slice(cord.softseg)
    for name, true_deg in zip(("angle_ap_deg", "angle_rl_deg"), cord.angles_deg, strict=True):
        assert np.abs(measured[name] - true_deg).max() <= 0.5


def test_interleaved_motion_is_not_taken_for_tilt() -> None:
    slices = 25
    zigzag_mm = np.stack([np.zeros(slices), 0.4 * (-1.0) ** np.arange(slices)], axis=1)
    cord = draw_cord(tilted(0, 10), (0.703, 0.703, 2.0), jitter_mm=zigzag_mm)
    measured = csa_per_slice(cord.softseg)
    assert (measured["area_mm2"] / cord.area_mm2 - 1).abs().max() <= 0.005
    assert (measured["angle_rl_deg"] - 10).abs().max() <= 1.0
