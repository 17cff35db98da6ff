"""Keep the cord and its partial-volume rim; clear what a net leaves elsewhere."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage


def keep_cord(
    softseg: npt.NDArray[np.float32], *, rim_mm: float, spacing_mm: float = 1.0, parts: int = 1
) -> npt.NDArray[np.float32]:
    """Return the soft mask with everything farther than ``rim_mm`` from the cord set to 0.

    The cord is the largest connected part above 0.5, or the ``parts`` largest. Values within the rim stay as
    they are: partial volume reaches no farther than a voxel and the obliquity of a thick slice. Beyond it a
    regression net leaves values around 0, whose positive half would add up: 0.01 over a slice of 27 cm² is
    27 mm² of cord. A mask that nowhere exceeds 0.5 is returned as it is.

    Args:
        softseg: shape (R-L, A-P, S-I), values in [0, 1].
        rim_mm: width of the rim.
        spacing_mm: side of the (isotropic) voxels.
        parts: how many connected parts to keep.
    """
    margin = int(np.ceil(rim_mm / spacing_mm))
    box = _box_of(softseg > 0.5, margin)  # a small part of most volumes
    if box is None:
        return softseg
    labels, _ = ndimage.label(softseg[box] > 0.5)
    sizes = np.bincount(labels.ravel())[1:]
    cord = np.isin(labels, 1 + np.argsort(-sizes, kind="stable")[:parts])
    distance_mm = ndimage.distance_transform_edt(~cord, sampling=spacing_mm)
    kept = np.zeros_like(softseg)
    kept[box] = np.where(distance_mm <= rim_mm, softseg[box], 0)
    return kept


def _box_of(mask: npt.NDArray[np.bool_], margin: int) -> tuple[slice, ...] | None:
    """Return the box around all of a mask, wider by ``margin`` voxels; None around nothing."""
    found = [np.flatnonzero(mask.any(axis=tuple({0, 1, 2} - {axis}))) for axis in range(3)]
    if found[0].size == 0:
        return None
    return tuple(slice(max(0, int(at[0]) - margin), int(at[-1]) + 1 + margin) for at in found)
