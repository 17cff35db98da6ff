"""Bring masks to the reference's grid and the average back, without losing area where coverage ends."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.along_cord import sample_along_cord
from softcord.gt.grid import (
    Array,
    CordMask,
    Grid,
    apply_affine,
    box_points,
    finer_counts,
    inverse,
    sample_counts,
)
from softcord.gt.settings import GtSettings
from softcord.gt.voxel_average import Field, voxel_average
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
    mask: CordMask,
    warp: SliceWarp,
    frame: Grid,
    settings: GtSettings,
    trim_mm: float = 0.0,
    *,
    refine: bool = True,
) -> Covered:
    """Resample a contrast's mask on ``frame``, a grid in the reference's space.

    The field of view is the whole axial plane from the first to the last slice with cord (as in the paper's
    code), to the outer faces of these slices, less ``trim_mm`` at each end. Within half a voxel of a face the
    outermost slice's section holds: interpolation towards the outside would fade the mask there.
    ``refine``: see `softcord.gt.voxel_average`; centres of mass are right to 0.01 mm without.
    """
    to_voxel = inverse(mask.grid.affine)
    low, high = _field_of_view(mask, trim_mm)

    def field(points: Array) -> Array:
        voxel = apply_affine(to_voxel, warp.to_moving(apply_affine(frame.affine, points)))
        inside = _inside(voxel, low, high)
        return np.stack([inside * _sample(mask, voxel - _column(mask.origin), settings), inside])

    return Covered(*_average(frame, mask.grid, field, settings, refine=refine))


def to_native(
    soft: Covered,
    frame: Grid,
    warp: SliceWarp,
    grid: Grid,
    slices: tuple[int, int],
    crossing_mm: Array,
    settings: GtSettings,
) -> npt.NDArray[np.float32]:
    """Bring a soft mask from ``frame`` to a contrast's RPI grid, within its ``slices`` (both included).

    ``soft.fov`` is 1 where the soft mask is known and 0 elsewhere. Of a voxel that is known in part, that
    part stands for all of it; where nothing is known the result is 0. A slice was acquired at one moment, so
    all of it moves as it does where it meets the cord (``crossing_mm``, scanner millimetres of shape
    (3, grid slices)): a motion that differed within an oblique slice would stretch or squeeze the cord.
    """
    result = np.zeros(grid.shape, dtype=np.float32)
    first, last = _reach(frame, warp, grid, slices)
    if (last < first).any():
        return result
    box = grid.box(first, last)
    to_voxel = inverse(frame.affine)
    low, high = _column([-0.5] * 3), _column(np.array(frame.shape) - 0.5)
    top = _column(np.array(frame.shape) - 1)
    occupied, is_all_known = ndimage.maximum_filter(soft.values > 0, 3), bool((soft.fov == 1).all())
    motion = warp.at(crossing_mm[:, first[2] : last[2] + 1])

    def field(points: Array) -> Array:
        of_slice = motion.take(np.rint(points[2]).astype(int))
        voxel = apply_affine(to_voxel, of_slice.to_reference(apply_affine(box.affine, points)))
        inside = _inside(voxel, low, high)
        index = tuple(np.rint(np.clip(voxel, 0, top)).astype(int))
        fov = inside if is_all_known else inside * _interpolate(soft.fov, voxel, settings)
        return np.stack([_where(inside & occupied[index], soft.values, voxel, settings), fov])

    values, fov = _average(box, frame, field, settings)
    cut = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    result[cut] = np.clip(values / np.where(fov > 0, fov, 1), 0, 1)
    return result


def _reach(
    frame: Grid, warp: SliceWarp, grid: Grid, slices: tuple[int, int]
) -> tuple[npt.NDArray[np.int_], npt.NDArray[np.int_]]:
    """Return the first and last voxel of ``grid`` that the frame's content comes to."""
    surface = apply_affine(frame.affine, box_points([0, 0, 0], np.array(frame.shape) - 1))
    voxel = apply_affine(inverse(grid.affine), warp.to_moving(surface)).reshape(3, -1)
    # slices move as a whole, the surface point by point: in-plane a voxel of slack
    slack = np.array([1, 1, 0])
    first = np.floor(voxel.min(axis=1)).astype(int) - slack
    last = np.ceil(voxel.max(axis=1)).astype(int) + slack
    first = np.maximum(first, [0, 0, slices[0]])
    last = np.minimum(last, [*np.array(grid.shape[:2]) - 1, slices[1]])
    return first, last


def _field_of_view(mask: CordMask, trim_mm: float) -> tuple[Array, Array]:
    low, high = np.full(3, -0.5), np.array(mask.grid.shape) - 0.5
    trim = trim_mm / mask.grid.spacing_mm[2]
    low[2], high[2] = mask.origin[2] - 0.5 + trim, mask.last[2] + 0.5 - trim
    return _column(low), _column(high)


def _inside(voxel: Array, low: Array, high: Array) -> npt.NDArray[np.bool_]:
    slack = 1e-6  # rounding must not drop what lies on a face
    return np.asarray(((voxel >= low - slack) & (voxel <= high + slack)).all(axis=0), dtype=bool)


def _sample(mask: CordMask, voxel: Array, settings: GtSettings) -> Array:
    if settings.interpolation == "cord":
        return sample_along_cord(mask, voxel)
    return _interpolate(mask.values, voxel, settings)


def _where(chosen: npt.NDArray[np.bool_], values: Array, voxel: Array, settings: GtSettings) -> Array:
    """Interpolate at the chosen points only; 0 at the others."""
    sampled = np.zeros(chosen.size)
    sampled[chosen] = _interpolate(values, voxel[:, chosen], settings)
    return sampled


def _interpolate(values: npt.NDArray[np.floating], voxel: Array, settings: GtSettings) -> Array:
    order = 0 if settings.interpolation == "nearest" else 1
    sampled: Array = ndimage.map_coordinates(
        values, voxel, output=np.float64, order=order, mode="nearest", prefilter=False
    )
    return sampled


def _average(target: Grid, source: Grid, field: Field, settings: GtSettings, *, refine: bool = True) -> Array:
    if settings.slab == "centre":
        return voxel_average(target, (1, 1, 1), field)
    finer = finer_counts(target, source) if refine else None
    return voxel_average(target, sample_counts(target, source), field, finer)


def _column(values: npt.ArrayLike) -> Array:
    return np.asarray(values, dtype=float).reshape(3, 1)
