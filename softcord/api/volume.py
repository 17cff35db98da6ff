"""From whatever a notebook holds, a file or an array, to a volume with its geometry."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt

from softcord.errors import DataError, UsageError
from softcord.io.nifti import Volume, read_volume

# Values a little beyond 0 and 1 come from interpolation; far beyond them it is no mask.
MASK_RANGE = (-0.5, 1.5)


class NiftiLike(Protocol):
    """An image of nibabel."""

    @property
    def affine(self) -> Any:
        """Voxel indices to scanner millimetres."""

    @property
    def dataobj(self) -> Any:
        """The voxels."""


Image: TypeAlias = str | Path | Volume | NiftiLike | npt.NDArray[Any]


def as_volume(
    image: Image,
    *,
    affine: npt.ArrayLike | None = None,
    spacing_mm: Sequence[float] | None = None,
    name: str = "image",
) -> Volume:
    """Return a 3-D volume of a NIfTI file, a volume, an image of nibabel or an array.

    Args:
        image: an array needs either of the next two; nothing else may have them.
        affine: shape (4, 4), voxel indices to scanner millimetres (RAS+), as nibabel's ``image.affine``.
        spacing_mm: sides of a voxel, for an array whose axes run R-L, P-A, I-S.
        name: what errors call it.

    Raises:
        DataError: what :func:`softcord.io.nifti.read_volume` refuses, of arrays too.
        UsageError: an array without a geometry or with two, or something else with one.

    >>> import numpy as np
    >>> as_volume(np.zeros((4, 5, 6)), spacing_mm=(0.5, 0.5, 3)).spacing_mm
    (0.5, 0.5, 3.0)
    """
    given = sum(one is not None for one in (affine, spacing_mm))
    if is_array(image):
        if given != 1:
            what = "is an array without its geometry" if given == 0 else "has both affine and spacing_mm"
            raise UsageError(
                name, what, "Give affine=image.affine, or spacing_mm=(x, y, z) if its axes run R-L, P-A, I-S"
            )
        return _checked(
            np.asarray(image), affine if affine is not None else _rpi_affine(spacing_mm, name), name
        )
    if given:
        raise UsageError(name, "says by itself how it lies in the scanner", "Leave out affine and spacing_mm")
    if isinstance(image, Volume):
        return image
    if isinstance(image, str | Path):
        return read_volume(image)
    if hasattr(image, "affine") and hasattr(image, "dataobj"):
        return _checked(np.asarray(image.dataobj), image.affine, name)
    raise UsageError(
        name, f"is a {type(image).__name__}", "Give a NIfTI file, a volume, or an array and its affine"
    )


def as_mask(
    mask: Image,
    *,
    affine: npt.ArrayLike | None = None,
    spacing_mm: Sequence[float] | None = None,
    name: str = "mask",
) -> Volume:
    """Return :func:`as_volume`'s volume of a mask.

    Raises:
        DataError: as there, and where values lie far outside 0 to 1.
    """
    volume = as_volume(mask, affine=affine, spacing_mm=spacing_mm, name=name)
    low, high = float(volume.data.min()), float(volume.data.max())
    if low < MASK_RANGE[0] or high > MASK_RANGE[1]:
        where = mask if isinstance(mask, str | Path) else name
        what = f"has values from {low:g} to {high:g}, and a mask has 0 to 1"
        raise DataError(where, what, "Give the mask rather than the image, or scale it to 0..1")
    return volume


def is_array(image: object) -> bool:
    """Whether it is an array of NumPy, or a tensor."""
    return hasattr(image, "__array__") and not hasattr(image, "affine")


def _rpi_affine(spacing_mm: Sequence[float] | None, name: str) -> npt.NDArray[np.float64]:
    sides = np.asarray(spacing_mm, dtype=float)
    if sides.shape != (3,) or not (np.isfinite(sides).all() and (sides > 0).all()):
        raise UsageError(name, f"spacing_mm must be three numbers above 0, got {spacing_mm}")
    return np.diag([-sides[0], sides[1], sides[2], 1.0])


def _checked(data: npt.NDArray[Any], affine: npt.ArrayLike, name: str) -> Volume:
    if data.ndim == 4 and data.shape[3] == 1:
        data = data[..., 0]
    if data.ndim != 3 or 0 in data.shape or data.dtype.kind not in "biuf":
        raise DataError(name, f"must be a 3-D array of numbers, got {data.dtype} of shape {data.shape}")
    matrix = np.asarray(affine, dtype=np.float64)
    if matrix.shape != (4, 4) or not np.isfinite(matrix).all() or abs(np.linalg.det(matrix[:3, :3])) < 1e-9:
        raise DataError(
            name, "its affine must be a 4 x 4 matrix that can be inverted", "nibabel's image.affine is"
        )
    values = data.astype(np.float32)
    if not np.isfinite(values).all():
        raise DataError(name, "holds NaN or infinite values", "Replace them (for example by 0) first")
    return Volume(values, matrix)
