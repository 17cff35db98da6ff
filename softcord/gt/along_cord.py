"""A hard mask between its slices: the two nearest sections, each brought to where the cord passes.

A segmenter draws the section in the middle of a slice. Where a thick slice is cut obliquely, the cord has
moved on by its faces: a mask held still, or faded into the next one at another place, is a staircase, and a
staircase cut by another image's slices has neither the cord's area nor its course.
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.grid import Array, CordMask

_HALF_SLICE = 0.5


def sample_along_cord(mask: CordMask, voxel: Array) -> Array:
    """Return the mask's values, 0..1, shape (n,), at ``voxel``, shape (3, n), in voxels of ``mask.values``.

    Between slices k and k + 1 both sections are moved along the line through their centres of mass and
    weighted by nearness, so that the section keeps its shape and area on the way. Beyond the first and last
    centre the line goes straight on, with the outermost section.
    """
    here = _course(mask, voxel[2])
    # most of a box around a cord that bends is not cord
    is_near = (np.abs(voxel[:2] - here) <= mask.half_width[:, None]).all(axis=0)
    values = np.zeros(voxel.shape[1])
    values[is_near] = _between_sections(mask, voxel[:, is_near], here[:, is_near])
    return values


def _between_sections(mask: CordMask, voxel: Array, here: Array) -> Array:
    last = mask.values.shape[2] - 1
    height = np.clip(voxel[2], 0, last)
    below = np.minimum(np.floor(height), max(last - 1, 0)).astype(int)
    share = height - below
    values: Array = (1 - share) * _section(mask, voxel, below, here)
    if last > 0:
        values += share * _section(mask, voxel, below + 1, here)
    return values


def overhang(mask: CordMask) -> npt.NDArray[np.int_]:
    """Return how many voxels the cord may leave its box, half a slice beyond its ends, shape (2,)."""
    ends = np.array([-_HALF_SLICE, mask.values.shape[2] - 1 + _HALF_SLICE])
    moved = _course(mask, ends) - mask.centres[:, [0, -1]]
    return np.asarray(np.ceil(np.abs(moved).max(axis=1)), dtype=int)


def _section(mask: CordMask, voxel: Array, k: npt.NDArray[np.int_], here: Array) -> Array:
    """Interpolate within slices ``k``, moved so that their centres lie ``here``."""
    x, y = voxel[:2] - here + mask.centres[:, k]
    sampled: Array = ndimage.map_coordinates(
        mask.values, np.stack([x, y, k]), output=np.float64, order=1, mode="nearest", prefilter=False
    )
    return sampled


def _course(mask: CordMask, height: Array) -> Array:
    """Return the cord's centre at heights in slices, shape (2, n), in voxels of ``mask.values``."""
    centres = mask.centres
    last = centres.shape[1] - 1
    if last == 0:
        return np.broadcast_to(centres, (2, height.size))
    knots = np.arange(-1, last + 2)
    before, after = 2 * centres[:, :1] - centres[:, 1:2], 2 * centres[:, -1:] - centres[:, -2:-1]
    rows = np.concatenate([before, centres, after], axis=1)
    return np.stack([np.interp(height, knots, row) for row in rows])
