"""Disc labels: read them, check them against the cord, carry them to another contrast."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.grid import Array, CordMask, Grid, apply_affine, inverse
from softcord.gt.warp import SliceWarp
from softcord.io.nifti import Volume

# Label n lies at the posterior tip of the disc above vertebra n; 49, 50 and 60 mark brainstem and conus.
LAST_DISC = 30
# The posterior tip of a disc is about 10 mm from the cord's centre; no neck has it this far.
MAX_DISTANCE_MM = 30.0


def disc_points(labels: Volume) -> dict[int, Array]:
    """Return scanner millimetres of each disc label, shape (3,), by label; a blob of one label is one point.

    Raises:
        ValueError: a label is not a whole number, occurs in two places, or one is missing in between.
    """
    voxels = np.argwhere(labels.data != 0)
    values = labels.data[tuple(voxels.T)]
    if not np.array_equal(values, np.round(values)) or (values < 0).any():
        raise ValueError("disc labels must be whole numbers from 1 on")
    points = {}
    for value in sorted({int(v) for v in values if v <= LAST_DISC}):
        blob = voxels[values == value]
        if not _is_connected(blob):
            raise ValueError(f"disc label {value} occurs in more than one place")
        points[value] = apply_affine(labels.affine, blob.mean(axis=0)[:, None])[:, 0]
    gaps = sorted(set(range(min(points, default=0), max(points, default=0))) - set(points))
    if points and gaps:
        raise ValueError(f"disc label {', '.join(map(str, gaps))} is missing between its neighbours")
    return points


def _is_connected(voxels: npt.NDArray[np.int_]) -> bool:
    if len(voxels) == 1:
        return True
    local = voxels - voxels.min(axis=0)
    blob = np.zeros(local.max(axis=0) + 1, dtype=bool)
    blob[tuple(local.T)] = True
    return bool(ndimage.label(blob, structure=np.ones((3, 3, 3)))[1] == 1)


def check_discs(points: Mapping[int, Array], cord: CordMask) -> None:
    """Check that discs lie along the cord, the higher number below.

    Raises:
        ValueError: a disc is far from the cord, or the order is wrong.
    """
    centreline = cord_centres(cord)
    for label, point in points.items():
        distance = np.linalg.norm(centreline - point[:, None], axis=0).min()
        if distance > MAX_DISTANCE_MM:
            raise ValueError(f"disc label {label} lies outside the cord, {distance:.0f} mm from it")
    up = cord.grid.affine[:3, 2] / cord.grid.spacing_mm[2]
    heights = [float(points[label] @ up) for label in sorted(points)]
    if any(below >= above for above, below in pairwise(heights)):
        raise ValueError("disc labels are out of order: numbers must grow from head to feet")


def cord_centres(cord: CordMask) -> Array:
    """Return the centre of mass of each slice with cord, scanner millimetres, shape (3, slices)."""
    voxels = np.argwhere(cord.values > 0).T
    mass = cord.values[tuple(voxels)].astype(float)
    total = np.bincount(voxels[2], mass)
    sums = np.stack([np.bincount(voxels[2], mass * axis) for axis in voxels])
    filled = total > 0
    centres = sums[:, filled] / total[filled] + cord.origin[:, None]
    return apply_affine(cord.grid.affine, centres)


def carry_discs(
    points: Mapping[int, Array], source: SliceWarp, target: SliceWarp, grid: Grid
) -> npt.NDArray[np.uint8]:
    """Mark the discs in another contrast's ``grid``, one voxel each; those outside it are left out.

    ``source`` and ``target`` are the warps of the contrast the discs come from and the one they go to.
    """
    labels = np.zeros(grid.shape, dtype=np.uint8)
    to_voxel = inverse(grid.affine)
    for label, point in points.items():
        there = target.to_moving(source.to_reference(point[:, None]))
        voxel = np.round(apply_affine(to_voxel, there)[:, 0]).astype(int)
        if all(0 <= v < n for v, n in zip(voxel, grid.shape, strict=True)):
            labels[tuple(voxel)] = label
    return labels
