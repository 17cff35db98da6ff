import numpy as np
import pytest

from softcord.measure.centreline import sct_centreline, smooth_centreline

Z_MM = np.arange(40) * 2.0


def test_lines_and_parabolas_pass_unchanged_at_any_smoothing() -> None:
    centres = np.stack([20 + 0.3 * Z_MM, 30 - 0.004 * (Z_MM - 40) ** 2], axis=1)
    for smoothing_mm in (1.0, 8.0, 200.0):
        line = smooth_centreline(np.arange(3, 43), centres, np.ones(40), (1.0, 1.0, 2.0), smoothing_mm)
        assert line.slices.tolist() == list(range(3, 43))
        np.testing.assert_allclose(line.slope_x, 0.3, atol=1e-9)
        np.testing.assert_allclose(line.slope_y, -0.008 * (Z_MM - 40), atol=1e-9)
        np.testing.assert_allclose(np.stack([line.x, line.y], 1), centres, atol=1e-9)


def test_the_curve_depends_on_millimetres_not_on_voxels() -> None:
    def slopes(pixel_mm: float, slice_mm: float) -> np.ndarray:
        z_mm = np.arange(0, 96.01, slice_mm)
        centres = np.stack([4 * np.sin(z_mm / 12), 0 * z_mm], axis=1) / pixel_mm
        n = len(z_mm)
        line = smooth_centreline(np.arange(n), centres, np.ones(n), (pixel_mm, pixel_mm, slice_mm))
        return line.slope_x[:: round(3 / slice_mm)]

    # Not at the ends, where the fine slices reach half a thick slice less far.
    np.testing.assert_allclose(slopes(0.3, 0.5)[2:-7], slopes(1.0, 3.0)[2:-7], atol=0.01)


def test_slow_swings_pass_and_fast_ones_do_not() -> None:
    def share(wavelength_mm: float) -> float:
        k = 2 * np.pi / wavelength_mm
        centres = np.stack([np.sin(k * Z_MM), 0 * Z_MM], axis=1)
        line = smooth_centreline(np.arange(40), centres, np.ones(40), (1.0, 1.0, 2.0))
        middle = slice(8, 32)
        return float(np.ptp(line.x[middle]) / np.ptp(centres[middle, 0]))

    assert share(120) > 0.95
    assert share(2 * np.pi * 8) == pytest.approx(0.5, abs=0.2)
    assert share(12) < 0.02


def test_gaps_are_bridged_and_the_far_slice_is_named() -> None:
    slices = np.array([5, 6, 7, 8, 12, 13, 14, 15, 16, 17])
    centres = np.stack([10 + 0.5 * slices, 20 + 0 * slices], axis=1)
    centres[7, 0] += 9
    line = smooth_centreline(slices, centres, np.ones(10), (1.0, 1.0, 1.0))
    assert line.outliers == (15,)
    assert line.slices.tolist() == list(range(5, 18))
    np.testing.assert_allclose(line.x, 10 + 0.5 * line.slices, atol=0.01)


@pytest.mark.parametrize("smooth", [5.0, 30.0])
def test_scts_spline_leaves_the_residual_it_asks_for(smooth: float) -> None:
    slices = np.concatenate([np.arange(2, 30), np.arange(34, 62)])
    centres = np.stack([12 * np.sin(slices / 6), 15 * np.cos(slices / 7)], axis=1)
    line = sct_centreline(slices, centres, (0.5, 0.8, 3.0), smooth)
    target = (56 / 60) ** 2 * smooth * 3.0 / 3
    for fitted, axis in ((line.x, 0), (line.y, 1)):
        residual = fitted[slices - 2] - centres[:, axis]
        assert (residual**2).sum() == pytest.approx(target, rel=0.002)
