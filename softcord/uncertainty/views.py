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


Range = tuple[float, float]


@dataclass(frozen=True)
class View:
    """One look: ``name``, what it makes of an image and its range, and how a mask of that is brought back."""

    name: str
    apply: Callable[[Volume, Range], Volume]
    undo: Callable[[Volume, Volume], Float32]


def range_of(image: Volume) -> Range:
    """Return an image's minimum and where its brightest 0.1 % begins: once for all views, it takes long.

    >>> range_of(Volume(np.arange(1001, dtype=np.float32).reshape(7, 11, 13), np.eye(4)))
    (0.0, 999.0)
    """
    return float(image.data.min()), float(np.percentile(image.data, 99.9))


def mirrored(image: Volume) -> Volume:
    """Return the image with right and left exchanged, its header as it was."""
    return Volume(np.flip(image.data, _right_left(image)), image.affine)


def moved(image: Volume, step: int, exponent: float, of: Range) -> Volume:
    """Return the image with ``step`` voxels added before (positive) or after each axis, and other contrast.

    >>> import numpy as np
    >>> moved(Volume(np.zeros((4, 5, 6), np.float32), np.eye(4)), 1, 1.25, (0.0, 1.0)).data.shape
    (5, 6, 7)
    """
    before, after = max(step, 0), max(-step, 0)
    data = np.pad(_with_contrast(image.data, exponent, of), [(before, after)] * 3, mode="edge")
    affine = image.affine.copy()
    affine[:3, 3] -= affine[:3, :3] @ np.full(3, before)
    return Volume(data, affine)


def _unmove(step: int) -> Callable[[Volume, Volume], Float32]:
    def undo(mask: Volume, image: Volume) -> Float32:
        start = max(step, 0)
        return mask.data[tuple(slice(start, start + n) for n in image.data.shape)]

    return undo


MIRRORED = View(
    "mirrored", lambda image, of: mirrored(image), lambda mask, image: np.flip(mask.data, _right_left(image))
)
# With the image as it is, four readings.
VIEWS = (
    MIRRORED,
    View(
        f"moved by a voxel, values to the power {DARKER:g}",
        lambda image, of: moved(image, MOVED_VOXELS, DARKER, of),
        _unmove(MOVED_VOXELS),
    ),
    View(
        f"moved by a voxel the other way, values to the power {BRIGHTER:g}",
        lambda image, of: moved(image, -MOVED_VOXELS, BRIGHTER, of),
        _unmove(-MOVED_VOXELS),
    ),
)


def _with_contrast(data: Float32, exponent: float, of: Range) -> Float32:
    low, high = of
    if not high > low:
        return data
    result = (data - np.float32(low)) / np.float32(high - low)
    with np.errstate(divide="ignore"):  # the logarithm of 0, whose exponential is 0 again
        np.log(result, out=result)
    # A power, in a fifth of the time that NumPy's takes.
    result *= np.float32(exponent)
    np.exp(result, out=result)
    result *= np.float32(high - low)
    result += np.float32(low)
    return result


def _right_left(image: Volume) -> int:
    """Return the array axis that runs along right-left."""
    return int(np.flatnonzero(reorientation(image.affine)[:, 0] == 0)[0])
