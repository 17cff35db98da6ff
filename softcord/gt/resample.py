"""Bring masks to the reference's grid and the average back, without losing area where coverage ends."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.grid import (
    Array,
    CordMask,
    Grid,
    apply_affine,
    box_points,
    inverse,
    sample_counts,
    voxel_points,
)
from softcord.gt.settings import GtSettings
from softcord.gt.warp import SliceWarp


@dataclass(frozen=True)
class Covered:
    """A mask on a grid, with how much of each voxel lies in the field of view that it comes from.

    ``values`` is the mask's share of the voxel and ``fov`` the covered share, both 0..1: the soft mask is
    values / fov, so a voxel of which half is covered is not taken for one that is half cord.
    """

    values: Array
    fov: Array


def to_frame(
    mask: CordMask, warp: SliceWarp, frame: Grid, settings: GtSettings, trim_mm: float = 0.0
) -> Covered:
    """Resample a contrast's mask on ``frame``, a grid in the reference's space.

    The field of view is the whole axial plane from the first to the last slice with cord (as in the paper's
    code), to the outer faces of these slices, less ``trim_mm`` at each end. Within half a voxel of a face the
    outermost slice's value holds: interpolation towards the outside would fade the mask there.
    """
    samples = _samples(frame, mask.grid, settings)
    to_voxel = inverse(mask.grid.affine)
    low, high = _field_of_view(mask, trim_mm)
    values, fov = np.zeros(frame.shape), np.zeros(frame.shape)
    for points in voxel_points(frame, samples):
        voxel = apply_affine(to_voxel, warp.to_moving(apply_affine(frame.affine, points)))
        inside = _inside(voxel, low, high)
        values += inside * _interpolate(mask.values, voxel - _column(mask.origin), settings)
        fov += inside
    count = int(np.prod(samples))
    return Covered(values / count, fov / count)


def to_native(
    soft: Covered, frame: Grid, warp: SliceWarp, grid: Grid, slices: tuple[int, int], settings: GtSettings
) -> npt.NDArray[np.float32]:
    """Bring a soft mask from ``frame`` to a contrast's RPI grid, within its ``slices`` (both included).

    ``soft.fov`` is 1 where the soft mask is known and 0 elsewhere. Of a voxel that is known in part, that
    part stands for all of it; where nothing is known the result is 0. A slice was acquired at one moment, so
    all of it moves as its middle does.
    """
    result = np.zeros(grid.shape, dtype=np.float32)
    first, last = _reach(frame, warp, grid, slices)
    if (last < first).any():
        return result
    box = grid.box(first, last)
    to_voxel = inverse(frame.affine)
    low, high = _column([-0.5] * 3), _column(np.array(frame.shape) - 0.5)
    values, fov = np.zeros(box.shape), np.zeros(box.shape)
    centres = apply_affine(box.affine, next(voxel_points(box)))
    travel = warp.to_reference(centres) - centres
    for points in voxel_points(box, _samples(box, frame, settings)):
        voxel = apply_affine(to_voxel, apply_affine(box.affine, points) + travel)
        inside = _inside(voxel, low, high)
        values += inside * _interpolate(soft.values, voxel, settings)
        fov += inside * _interpolate(soft.fov, voxel, settings)
    cut = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    result[cut] = np.clip(values / np.where(fov > 0, fov, 1), 0, 1)
    return result


def _reach(
    frame: Grid, warp: SliceWarp, grid: Grid, slices: tuple[int, int]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """Return the first and last voxel of ``grid`` that the frame's content comes to."""
    surface = apply_affine(frame.affine, box_points([0, 0, 0], np.array(frame.shape) - 1))
    voxel = apply_affine(inverse(grid.affine), warp.to_moving(surface)).reshape(3, -1)
    first = np.maximum(np.floor(voxel.min(axis=1)).astype(int), [0, 0, slices[0]])
    last = np.minimum(np.ceil(voxel.max(axis=1)).astype(int), [*np.array(grid.shape[:2]) - 1, slices[1]])
    return first, last


def _field_of_view(mask: CordMask, trim_mm: float) -> tuple[Array, Array]:
    low, high = np.full(3, -0.5), np.array(mask.grid.shape) - 0.5
    trim = trim_mm / mask.grid.spacing_mm[2]
    low[2], high[2] = mask.origin[2] - 0.5 + trim, mask.last[2] + 0.5 - trim
    return _column(low), _column(high)


def _inside(voxel: Array, low: Array, high: Array) -> npt.NDArray[np.bool_]:
    slack = 1e-6  # rounding must not drop what lies on a face
    return np.asarray(((voxel >= low - slack) & (voxel <= high + slack)).all(axis=0), dtype=bool)


def _interpolate(values: npt.NDArray[np.floating], voxel: Array, settings: GtSettings) -> Array:
    order = 1 if settings.interpolation == "linear" else 0
    sampled: Array = ndimage.map_coordinates(
        values, voxel, output=np.float64, order=order, mode="nearest", prefilter=False
    )
    return sampled


def _samples(target: Grid, source: Grid, settings: GtSettings) -> tuple[int, int, int]:
    return sample_counts(target, source) if settings.slab == "integrate" else (1, 1, 1)


def _column(values: npt.ArrayLike) -> Array:
    return np.asarray(values, dtype=float).reshape(3, 1, 1, 1)
