"""The mean of a field over each voxel of a grid: what a voxel shows, not what lies in its middle."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.grid import Array, Grid

# Points of each voxel, shape (3, n) in voxels of the grid, to the field's values there, shape (fields, n).
Field = Callable[[Array], Array]
_SAME = 1e-6


def voxel_average(
    grid: Grid, samples: tuple[int, int, int], field: Field, finer: tuple[int, int, int] | None = None
) -> Array:
    """Return the mean of each field over each voxel, shape (fields, i, j, k).

    Args:
        grid: whose voxels are averaged over.
        samples: evenly spread points per voxel and axis.
        field: evaluated at all voxels' points together.
        finer: points where a field changes between a voxel and its neighbours; ``samples`` there too if None.
    """
    centres = np.indices(grid.shape).reshape(3, -1).astype(float)
    mean, low, high = _look(centres, samples, field)
    if finer is not None and finer != samples:
        is_border = _is_border(low.reshape(-1, *grid.shape), high.reshape(-1, *grid.shape)).ravel()
        mean[:, is_border] = _look(centres[:, is_border], finer, field)[0]
    return mean.reshape(-1, *grid.shape)


def _look(centres: Array, samples: tuple[int, int, int], field: Field) -> tuple[Array, Array, Array]:
    """Return mean, smallest and largest value over the voxels' points, each of shape (fields, n)."""
    offsets = [(np.arange(n) + 0.5) / n - 0.5 for n in samples]
    steps = np.stack(np.meshgrid(*offsets, indexing="ij")).reshape(3, -1).T
    first = field(centres + steps[0][:, None])
    total, low, high = first, first.copy(), first.copy()
    for step in steps[1:]:
        values = field(centres + step[:, None])
        total = total + values
        np.minimum(low, values, out=low)
        np.maximum(high, values, out=high)
    return total / len(steps), low, high


def _is_border(low: Array, high: Array) -> npt.NDArray[np.bool_]:
    # one filter for all fields: each of them changes their weighted sum
    weight = np.arange(1, len(low) + 1)[:, None, None, None]
    highest, lowest = ((weight * values).sum(axis=0) for values in (high, low))
    spread = ndimage.maximum_filter(highest, 3) - ndimage.minimum_filter(lowest, 3)
    return np.asarray(spread > _SAME, dtype=bool)
