"""Read masks, and refuse what is none: a cord fills little of a volume, and only that is ever listed."""

from pathlib import Path

import numpy as np

from softcord.errors import DataError
from softcord.io.nifti import Volume, read_volume

# A cord of half a metre in voxels of 0.2 mm has six million; a list of these takes 1.6 GB.
MOST_VOXELS = 20_000_000


def read_mask(path: Path | str, volume: int | None = None) -> Volume:
    """Read a mask or labels, soft or hard, as :func:`softcord.io.nifti.read_volume` does.

    Raises:
        DataError: as there; or more than MOST_VOXELS are not zero.
    """
    mask = read_volume(path, volume)
    refuse_filled(path, mask)
    return mask


def refuse_filled(path: Path | str, mask: Volume) -> None:
    """Refuse what fills more voxels than any cord, of which work in proportion to the cord takes gigabytes.

    Raises:
        DataError: more than MOST_VOXELS are not zero.
    """
    filled = np.count_nonzero(mask.data)
    if filled > MOST_VOXELS:
        what = f"{filled:,} of its {mask.data.size:,} voxels are not zero: an image rather than a mask"
        raise DataError(path, what, "Give the mask of the cord; crop a probability map about the cord")
