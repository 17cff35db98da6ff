import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softcord.data.resample import axis_weights, from_grid, make_grid, to_grid
from softcord.io.nifti import Volume

SPACINGS = st.floats(0.3, 5.0)


def tilted_affine(spacing_mm: tuple[float, float, float], tilt_deg: float = 12) -> np.ndarray:
    """Axes A, I, R (a sagittal scan), tilted about the R-L axis."""
    c, s = np.cos(np.deg2rad(tilt_deg)), np.sin(np.deg2rad(tilt_deg))
    turn = np.array([[1, 0, 0], [0, c, -s], [0, s, c]])
    axes = turn @ np.array([[0, 0, 1.0], [1, 0, 0], [0, -1, 0]])
    affine = np.eye(4)
    affine[:3, :3] = axes * np.array(spacing_mm)
    affine[:3, 3] = (-30, 17, 5)
    return affine


def blob(shape: tuple[int, int, int], affine: np.ndarray, sd_mm: float) -> tuple[Volume, np.ndarray]:
    """A Gaussian a little off the middle, and its centre in millimetres."""
    points = nib.affines.apply_affine(affine, np.stack(np.indices(shape), axis=-1))
    centre = nib.affines.apply_affine(affine, np.array(shape) / 2 + (0.3, -0.2, 0.1))
    data = np.exp(-((points - centre) ** 2).sum(axis=-1) / (2 * sd_mm**2)).astype(np.float32)
    return Volume(data, affine), centre


def centroid_mm(array: np.ndarray, affine: np.ndarray) -> np.ndarray:
    points = nib.affines.apply_affine(affine, np.stack(np.indices(array.shape), axis=-1)).reshape(-1, 3)
    return np.average(points, axis=0, weights=array.reshape(-1).astype(np.float64))


@given(n_in=st.integers(1, 40), spacing_in=SPACINGS, n_out=st.integers(1, 40), spacing_out=SPACINGS)
def test_weights_are_a_mean(n_in: int, spacing_in: float, n_out: int, spacing_out: float) -> None:
    weights = axis_weights(n_in, spacing_in, n_out, spacing_out)
    assert weights.min() >= -1e-7
    np.testing.assert_allclose(weights.sum(axis=1), 1, atol=1e-6)


@given(spacing_in=SPACINGS, spacing_out=SPACINGS)
def test_a_straight_line_stays_straight(spacing_in: float, spacing_out: float) -> None:
    n_in, n_out = int(90 / spacing_in), int(60 / spacing_out)
    line_mm = (np.arange(n_in) - (n_in - 1) / 2) * spacing_in
    expected_mm = (np.arange(n_out) - (n_out - 1) / 2) * spacing_out
    inside = np.abs(expected_mm) < 45 - 2 * (spacing_in + spacing_out)
    resampled_mm = axis_weights(n_in, spacing_in, n_out, spacing_out).astype(np.float64) @ line_mm
    np.testing.assert_allclose(resampled_mm[inside], expected_mm[inside], atol=1e-4)


@settings(max_examples=20)
@given(
    spacing=st.tuples(SPACINGS, SPACINGS, SPACINGS),
    shape=st.tuples(*(st.integers(2, 14),) * 3),
    seed=st.integers(0, 9),
)
def test_values_never_leave_the_range_of_the_input(
    spacing: tuple[float, float, float], shape: tuple[int, int, int], seed: int
) -> None:
    data = (np.random.default_rng(seed).random(shape) > 0.5).astype(np.float32)
    array, grid = to_grid(Volume(data, tilted_affine(spacing)))
    native = from_grid(array, grid)
    assert array.dtype == native.dtype == np.float32
    assert array.shape == grid.shape
    assert native.shape == shape
    for result in (array, native):
        assert result.min() >= data.min()
        assert result.max() <= data.max()


@pytest.mark.parametrize("spacing_mm", [(0.5, 0.8, 1.0), (0.9, 5.0, 0.9), (1.0, 0.7, 1.3)])
def test_centroid_does_not_move_there_nor_back(spacing_mm: tuple[float, float, float]) -> None:
    affine = tilted_affine(spacing_mm)
    shape = tuple(int(60 / s) for s in spacing_mm)
    volume, centre_mm = blob(shape, affine, sd_mm=6)
    array, grid = to_grid(volume)
    np.testing.assert_allclose(centroid_mm(volume.data, affine), centre_mm, atol=1e-3)
    np.testing.assert_allclose(centroid_mm(array, grid.affine), centre_mm, atol=1e-3)
    np.testing.assert_allclose(centroid_mm(from_grid(array, grid), affine), centre_mm, atol=1e-3)


def test_grid_shares_the_centre_and_covers_the_field_of_view() -> None:
    shape, affine = (30, 41, 7), tilted_affine((0.6, 0.45, 4.4))
    grid = make_grid(shape, affine)
    native_centre = nib.affines.apply_affine(affine, (np.array(shape) - 1) / 2)
    np.testing.assert_allclose(
        nib.affines.apply_affine(grid.affine, (np.array(grid.shape) - 1) / 2), native_centre, atol=1e-9
    )
    assert nib.aff2axcodes(grid.affine) == ("L", "A", "S")
    # R-L is the native third axis, A-P the first, S-I the second.
    assert grid.shape == (31, 18, 19)


def test_isotropic_rpi_image_passes_unchanged() -> None:
    data = np.random.default_rng(0).random((5, 6, 7)).astype(np.float32)
    volume = Volume(data, np.diag([-1.0, 1, 1, 1]))
    array, grid = to_grid(volume)
    np.testing.assert_array_equal(array, data)
    np.testing.assert_array_equal(from_grid(array, grid), data)
    np.testing.assert_allclose(grid.affine, volume.affine)


def test_reducing_resolution_averages_instead_of_skipping_voxels() -> None:
    stripes = np.zeros((60, 8, 8), dtype=np.float32)
    stripes[::2] = 1
    array, _ = to_grid(Volume(stripes, np.diag([-0.2, 1, 1, 1])))
    np.testing.assert_allclose(array[2:-2], 0.5, atol=0.1)


def test_spline_is_sharper_than_linear_at_the_same_place() -> None:
    volume, centre_mm = blob((24, 24, 24), tilted_affine((1.5, 1.5, 1.5)), sd_mm=3)
    linear, grid = to_grid(volume)
    spline, _ = to_grid(volume, interpolation="spline2")
    np.testing.assert_allclose(centroid_mm(spline, grid.affine), centre_mm, atol=0.02)
    assert spline.max() > linear.max()


def test_array_of_another_grid_is_refused() -> None:
    grid = make_grid((4, 4, 4), np.eye(4))
    with pytest.raises(ValueError, match="array: must have the grid's shape"):
        from_grid(np.zeros((3, 4, 4), dtype=np.float32), grid)
    with pytest.raises(ValueError, match="spacing_mm: must be > 0"):
        make_grid((4, 4, 4), np.eye(4), spacing_mm=0)
