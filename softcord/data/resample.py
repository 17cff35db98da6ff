"""Between an image's own voxels and an isotropic RPI grid, along each axis on its own.

Linear both ways, so that a soft mask stays in [0, 1] and needs no clipping. NumPy only.
"""

import math
from dataclasses import dataclass
from typing import Literal

import nibabel as nib
import numpy as np
import numpy.typing as npt
from scipy.ndimage import affine_transform

from softcord.io.nifti import Volume, from_rpi, to_rpi

Float32 = npt.NDArray[np.float32]
Shape = tuple[int, int, int]
Interpolation = Literal["linear", "spline2"]


@dataclass(frozen=True)
class Grid:
    """An isotropic RPI grid and the native one it covers; both share the centre of the field of view.

    ``native_shape`` and ``native_affine`` are in the file's own axes, ``shape`` and ``affine`` are those of
    the isotropic grid: axes R-L, A-P, S-I, voxels of ``spacing_mm``.
    """

    native_shape: Shape
    native_affine: npt.NDArray[np.float64]
    shape: Shape
    affine: npt.NDArray[np.float64]
    spacing_mm: float


def make_grid(shape: Shape, affine: npt.NDArray[np.float64], spacing_mm: float = 1.0) -> Grid:
    """Return the grid of voxels of ``spacing_mm`` that covers a native grid."""
    if not spacing_mm > 0:
        raise ValueError(f"spacing_mm: must be > 0, got {spacing_mm}")
    rpi = to_rpi(Volume(np.empty(shape, dtype=np.float32), affine))
    covering = [
        max(1, math.ceil(n * size / spacing_mm - 1e-6))
        for n, size in zip(rpi.data.shape, rpi.spacing_mm, strict=True)
    ]
    x, y, z = covering
    turned = rpi.affine.copy()
    turned[:3, :3] *= spacing_mm / np.array(rpi.spacing_mm)
    centre = nib.affines.apply_affine(rpi.affine, (np.array(rpi.data.shape) - 1) / 2)
    turned[:3, 3] = centre - turned[:3, :3] @ ((np.array(covering) - 1) / 2)
    return Grid(shape, affine, (x, y, z), turned, spacing_mm)


def to_grid(
    volume: Volume, spacing_mm: float = 1.0, interpolation: Interpolation = "linear"
) -> tuple[Float32, Grid]:
    """Return the volume on its isotropic RPI grid, and that grid.

    ``linear`` keeps within the range of the input's values and averages where it reduces resolution;
    ``spline2``, for images only, is the order-2 spline of the paper's code, which overshoots at edges.
    """
    i, j, k = volume.data.shape
    grid = make_grid((i, j, k), volume.affine, spacing_mm)
    rpi = to_rpi(volume)
    if interpolation == "spline2":
        return _spline(rpi, grid, order=2), grid
    return _along_each_axis(rpi.data, rpi.spacing_mm, grid.shape, (spacing_mm,) * 3), grid


def from_grid(array: Float32, grid: Grid) -> Float32:
    """Return an array on the isotropic grid as native voxels, linear: within the range of its values."""
    if array.shape != grid.shape:
        raise ValueError(f"array: must have the grid's shape {grid.shape}, got {array.shape}")
    rpi = to_rpi(Volume(np.empty(grid.native_shape, dtype=np.float32), grid.native_affine))
    x, y, z = rpi.data.shape
    native = _along_each_axis(array, (grid.spacing_mm,) * 3, (x, y, z), rpi.spacing_mm)
    return from_rpi(native, grid.native_affine).astype(np.float32, copy=False)


def axis_weights(n_in: int, spacing_in_mm: float, n_out: int, spacing_out_mm: float) -> Float32:
    """Return the matrix (``n_out``, ``n_in``) that resamples one axis about its centre; rows sum to 1.

    Towards finer or equal voxels it is linear interpolation. Towards coarser ones the linear interpolant is
    averaged over a box that makes up for the difference between the two voxel sizes, against aliasing. Both
    keep a straight line straight, so that nothing shifts. Beyond the ends the last voxel is repeated.
    """
    ratio = spacing_out_mm / spacing_in_mm
    box = math.sqrt(max(0.0, ratio**2 - 1))
    steps = np.arange(n_out, dtype=np.float64) - (n_out - 1) / 2
    centres = (n_in - 1) / 2 + steps * ratio
    reach = math.ceil(box / 2 + abs(centres[0])) + 1
    positions = np.arange(-reach, n_in + reach, dtype=np.float64)
    distances = centres[:, None] - positions[None, :]
    if box > 1e-3:
        weights = (_hat_integral(distances + box / 2) - _hat_integral(distances - box / 2)) / box
    else:
        weights = np.clip(1 - np.abs(distances), 0, None)
    inside = weights[:, reach : reach + n_in].copy()
    inside[:, 0] += weights[:, :reach].sum(axis=1)
    inside[:, -1] += weights[:, reach + n_in :].sum(axis=1)
    return inside.astype(np.float32)


def _hat_integral(x: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
    """Integral of the linear interpolation kernel from minus infinity to ``x``."""
    x = np.clip(x, -1, 1)
    integral: npt.NDArray[np.floating] = 0.5 + x - np.sign(x) * x**2 / 2
    return integral


def _along_each_axis(
    data: npt.NDArray[np.floating],
    spacing_in: tuple[float, ...],
    shape: Shape,
    spacing_out: tuple[float, ...],
) -> Float32:
    low, high = data.min(), data.max()
    result = data.astype(np.float32, copy=False)
    for axis in range(3):
        if shape[axis] == result.shape[axis] and math.isclose(
            spacing_in[axis], spacing_out[axis], rel_tol=1e-6
        ):
            continue
        weights = axis_weights(result.shape[axis], spacing_in[axis], shape[axis], spacing_out[axis])
        result = np.moveaxis(np.tensordot(weights, result, axes=(1, axis)), 0, axis)
    # Rows sum to 1 up to float32 rounding, which may step over the range by one part in ten million.
    return np.ascontiguousarray(np.clip(result, low, high))


def _spline(rpi: Volume, grid: Grid, order: int) -> Float32:
    ratio = grid.spacing_mm / np.array(rpi.spacing_mm)
    start = (np.array(rpi.data.shape) - 1) / 2 - ratio * (np.array(grid.shape) - 1) / 2
    result: Float32 = affine_transform(
        rpi.data, ratio, start, output_shape=grid.shape, order=order, mode="nearest", output=np.float32
    )
    return result
