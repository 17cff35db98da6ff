"""Other looks at one image, which should give the same mask: mirrored, moved, brighter and darker."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.io.nifti import Volume, reorientation

Float32 = npt.NDArray[np.float32]
# Exponents of an image's values from its minimum to where its brightest 0.1 % begins: what bias fields and
# windowing do to contrast. Nets standardise their windows, so that mere scaling would change nothing.
DARKER, BRIGHTER = 1.25, 0.8
MOVED_VOXELS = 1  # a voxel aside, the net's grid and its windows fall elsewhere on the cord


@dataclass(frozen=True)
class View:
    """One look: ``name``, what it makes of an image, and how a mask of that is brought back."""

    name: str
    apply: Callable[[Volume], Volume]
    undo: Callable[[Volume, Volume], Float32]


def mirrored(image: Volume) -> Volume:
    """Return the image with right and left exchanged, its header as it was."""
    return Volume(np.flip(image.data, _right_left(image)), image.affine)


def moved(image: Volume, step: int, exponent: float) -> Volume:
    """Return the image with ``step`` voxels added before (positive) or after each axis, and other contrast.

    >>> import numpy as np
    >>> moved(Volume(np.zeros((4, 5, 6), np.float32), np.eye(4)), 1, 1.25).data.shape
    (5, 6, 7)
    """
    before, after = max(step, 0), max(-step, 0)
    data = np.pad(_with_contrast(image.data, exponent), [(before, after)] * 3, mode="edge")
    affine = image.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ np.full(3, before)
    return Volume(data, affine)


def _unmove(step: int) -> Callable[[Volume, Volume], Float32]:
    def undo(mask: Volume, image: Volume) -> Float32:
        start = max(step, 0)
        return mask.data[tuple(slice(start, start + n) for n in image.data.shape)]

    return undo


# With the image as it is, four readings.
VIEWS = (
    View("mirrored", mirrored, lambda mask, image: np.flip(mask.data, _right_left(image))),
    View(
        f"moved by a voxel, values to the power {DARKER:g}",
        lambda image: moved(image, MOVED_VOXELS, DARKER),
        _unmove(MOVED_VOXELS),
    ),
    View(
        f"moved by a voxel the other way, values to the power {BRIGHTER:g}",
        lambda image: moved(image, -MOVED_VOXELS, BRIGHTER),
        _unmove(-MOVED_VOXELS),
    ),
)


def _with_contrast(data: Float32, exponent: float) -> Float32:
    low, high = float(data.min()), float(np.percentile(data, 99.9))
    if not high > low:
        return data
    return (((data - low) / (high - low)) ** exponent * (high - low) + low).astype(np.float32)


def _right_left(image: Volume) -> int:
    """Return the array axis that runs along right-left."""
    return int(np.flatnonzero(reorientation(image.affine)[:, 0] == 0)[0])
