"""What is odd about a slice of a mask: reported beside its area, never averaged in silence."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label

from softcord.measure.slices import DUST, SliceVoxels
from softcord.measure.tails import TOLD_PCT

Ints = npt.NDArray[np.int64]

# Below this the values are the faint rim of a soft mask, not a component or a cord of its own.
FAINT = 0.1
# A cord is several voxels wide, so somewhere in a slice a soft mask should reach about 1.
PLATEAU = 0.9


def slice_findings(voxels: SliceVoxels, outliers: tuple[int, ...] = ()) -> list[str]:
    """Describe each slice in words separated by "; ", "" where all is well.

    ``empty``: no cord, though there is some above and below. ``range:a..b``: values outside 0..1.
    ``plateau:m``: the largest value m is well below 1. ``components:n``: n separate pieces.
    ``off-centreline``: the centre lies far from the smooth curve. ``volume-end``: the mask goes on to the
    volume's last slice, so the cord was cut there. ``volume-side``: it goes on to the slice's edge, so a
    part of the cord may lie outside. ``single-slice``: the mask has no other, so that the cord's angle is not
    known and the area is as the slice cuts it. ``tails:p%``: p % of the slice's mass, more than 0.5, were
    left out as no part of the cord.
    """
    words = _tails(voxels)
    filled = voxels.filled
    if not len(filled):
        return ["; ".join(found) for found in words]
    empty = np.setdiff1d(np.arange(filled[0], filled[-1] + 1), filled)
    lowest, highest, pieces = voxels.lowest, voxels.highest, _pieces(voxels)
    for z in empty:
        words[z].append("empty")
    for z in np.flatnonzero((lowest < -DUST) | (highest > 1 + DUST)):
        words[z].append(f"range:{lowest[z]:.3g}..{highest[z]:.3g}")
    for z in filled[highest[filled] < PLATEAU]:
        words[z].append(f"plateau:{highest[z]:.2f}")
    for z in np.flatnonzero(pieces > 1):
        words[z].append(f"components:{pieces[z]}")
    for z in outliers:
        words[z].append("off-centreline")
    for z, word in _at_edges(voxels):
        words[z].append(word)
    return ["; ".join(found) for found in words]


def _tails(voxels: SliceVoxels) -> list[list[str]]:
    """Begin each slice's list of words: how much was left out as no part of the cord."""
    left_out_pct = np.zeros(voxels.shape[2]) if voxels.left_out_pct is None else voxels.left_out_pct
    return [[f"tails:{pct:.1f}%"] if pct > TOLD_PCT else [] for pct in left_out_pct]


def _at_edges(voxels: SliceVoxels) -> Iterator[tuple[int, str]]:
    """Yield slices where the volume may have cut the cord; a soft mask's faint rim may touch its edge."""
    columns, rows, slices = voxels.shape
    filled = voxels.filled
    for z in {0, slices - 1} & set(filled.tolist()):
        yield z, "volume-end"
    at_side = (voxels.x == 0) | (voxels.x == columns - 1) | (voxels.y == 0) | (voxels.y == rows - 1)
    for z in np.unique(voxels.z[at_side & (voxels.value > FAINT)]):
        yield int(z), "volume-side"
    if len(filled) == 1:
        yield int(filled[0]), "single-slice"


def _pieces(voxels: SliceVoxels) -> Ints:
    """Count the pieces of each slice: voxels that touch by a side or a corner are one piece."""
    solid = voxels.value > FAINT
    x, y, z = voxels.x[solid], voxels.y[solid], voxels.z[solid]
    if not len(x):
        return np.zeros(voxels.shape[2], dtype=np.int64)
    corner = np.array([x.min(), y.min(), z.min()])
    x, y, z = x - corner[0], y - corner[1], z - corner[2]
    grid = np.zeros((x.max() + 1, y.max() + 1, z.max() + 1), dtype=np.bool_)
    grid[x, y, z] = True
    in_plane = np.zeros((3, 3, 3), dtype=np.bool_)
    in_plane[:, :, 1] = True
    names, _ = label(grid, in_plane)
    _, some_voxel = np.unique(names[x, y, z], return_index=True)
    return np.bincount(z[some_voxel] + corner[2], minlength=voxels.shape[2])
