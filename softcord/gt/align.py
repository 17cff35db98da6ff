"""Align a contrast's mask to the reference's, slice by slice, in millimetres."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.along_cord import overhang
from softcord.gt.grid import Array, CordMask, Grid, apply_affine, box_points, inverse
from softcord.gt.resample import Covered, to_frame
from softcord.gt.rotation import slice_rotation
from softcord.gt.settings import GtSettings
from softcord.gt.warp import SliceWarp, fill_unmatched, no_displacement

# The shift is read off a resampled mask: the first look is right to a tenth of a millimetre, each further one
# to about a fifth of the last.
ROUNDS = 8
ENOUGH_MM = 1e-3


@dataclass(frozen=True)
class Alignment:
    """A contrast's warp, and how well it does.

    Per slice of ``warp.frame``: ``is_matched`` says where both masks could be compared, ``has_cord`` where
    the contrast has cord at all; ``before_mm`` and ``after_mm`` are the distances between the centres of mass
    (NaN where not matched).
    """

    warp: SliceWarp
    is_matched: npt.NDArray[np.bool_]
    has_cord: npt.NDArray[np.bool_]
    before_mm: Array
    after_mm: Array


def align(reference: CordMask, moving: CordMask, settings: GtSettings) -> Alignment:
    """Find the slice-wise motion that brings the centres of mass of ``moving`` onto those of ``reference``.

    A slice is matched where both masks show cord, and all of it: where the field of view cuts the cord, as at
    the ends of an oblique stack, its centre would lie to one side.

    Raises:
        ValueError: there is no slice to match.
    """
    frame = common_frame(reference.grid, [reference, moving])
    fixed = to_frame(reference, no_displacement(frame), frame, settings)
    if moving is reference:
        loose = fixed
    else:
        loose = to_frame(moving, no_displacement(frame), frame, settings, refine=False)
    is_matched = _is_whole(fixed) & _is_whole(loose)
    if not is_matched.any():
        raise ValueError("no slice shows the cord in both")
    angle = np.zeros(frame.shape[2])
    if settings.alignment == "rigid":
        angle = slice_rotation(reference, moving, frame, is_matched, settings)
    target = centroids_mm(fixed.values, frame)
    miss = np.where(is_matched, centroids_mm(loose.values, frame) - target, 0.0)
    before, shift, refine = miss, np.zeros_like(miss), moving is reference
    pivot = fill_unmatched(target, is_matched, "nearest")
    for _ in range(ROUNDS):
        shift = shift + miss
        warp = SliceWarp(frame, fill_unmatched(shift, is_matched, settings.unmatched_slices), angle, pivot)
        moved = to_frame(moving, warp, frame, settings, refine=refine)
        miss = np.where(is_matched, centroids_mm(moved.values, frame) - target, 0.0)
        if refine and np.abs(miss).max() < ENOUGH_MM:
            break
        refine = True
    has_cord = np.asarray(loose.values.any(axis=(0, 1)), dtype=bool)
    return Alignment(warp, is_matched, has_cord, _length(before, is_matched), _length(miss, is_matched))


def centroids_mm(values: Array, grid: Grid) -> Array:
    """Return the centre of mass of each slice, in-plane millimetres from the first voxel, shape (2, k).

    Slices without mass give 0.
    """
    mass = values.sum(axis=(0, 1))
    first = np.arange(values.shape[0]) @ values.sum(axis=1)
    second = np.arange(values.shape[1]) @ values.sum(axis=0)
    return np.stack([first, second]) / np.where(mass > 0, mass, 1) * grid.spacing_mm[:2, None]


def common_frame(
    reference: Grid, masks: Sequence[CordMask], warps: Sequence[SliceWarp | None] | None = None
) -> Grid:
    """Return the part of the reference's grid, extended if need be, that holds all masks after warping."""
    to_voxel = inverse(reference.affine)
    corners = []
    for mask, warp in zip(masks, warps or [None] * len(masks), strict=True):
        spare = np.append(overhang(mask), 0)
        points = apply_affine(mask.grid.affine, box_points(mask.origin - spare, mask.last + spare))
        points = points if warp is None else warp.to_reference(points)
        corners.append(apply_affine(to_voxel, points).reshape(3, -1))
    everything = np.concatenate(corners, axis=1)
    # the tiny slack keeps a face that two voxels share from adding a slice
    first = np.floor(everything.min(axis=1) + 0.5 + 1e-6)
    last = np.ceil(everything.max(axis=1) - 0.5 - 1e-6)
    return reference.box(first, np.maximum(first, last))


def overlap(frame: Grid, reference: Grid) -> Grid:
    """Return the part of ``frame``, a box of the reference's voxels, that lies within the reference."""
    first = np.round(apply_affine(inverse(reference.affine), frame.affine[:3, 3:])[:, 0]).astype(int)
    last = np.minimum(first + frame.shape, reference.shape) - 1
    return reference.box(np.maximum(first, 0), last)


def _is_whole(mask: Covered) -> npt.NDArray[np.bool_]:
    """Say for each slice whether it shows cord, none within two voxels of the field of view's border."""
    cord = mask.values > 0
    around = ndimage.maximum_filter(cord, size=(5, 5, 1))
    is_uncut = ((mask.fov > 1 - 1e-6) | ~around).all(axis=(0, 1))
    return np.asarray(is_uncut & cord.any(axis=(0, 1)), dtype=bool)


def _length(miss: Array, is_matched: npt.NDArray[np.bool_]) -> Array:
    return np.where(is_matched, np.linalg.norm(miss, axis=0), np.nan)
