"""Refuse images that cannot be predicted, from their header and before their voxels take memory."""

from pathlib import Path

import numpy as np

from softcord.data.resample import Shape
from softcord.errors import DataError
from softcord.io.header import open_nifti
from softcord.io.memory import refuse_too_large
from softcord.io.nifti import Volume, read_volume
from softcord.io.space import Space, check_for_grid, times

# Voxel sides between which a cord of 10-15 mm can be seen and an image of the neck fits into memory. Axial
# slices of 17 mm, gaps included, are in use.
SMALLEST_MM, LARGEST_MM = 0.15, 20.0
# Copies of the image and of its 1 mm grid, float32, that are held at once; the net's windows on top.
COPIES, WINDOWS_BYTES = 6, 1_000_000_000


def read_checked(path: Path, spacing_mm: float, volume: int | None = None) -> Volume:
    """Return an image that can be predicted on a grid of ``spacing_mm``; ``volume`` is that of a series.

    Raises:
        DataError: what :func:`softcord.io.nifti.read_volume` refuses, and: one slice only, an orientation
            that the header does not give, a sheared affine, voxels of under 0.15 or over 20 mm, or an image
            that memory cannot hold.
    """
    image = open_nifti(path)
    image.check_content(volume)
    shape = image.volume_shape
    if min(shape) == 1:
        what = f"has a single slice (shape {times(shape)}), and the net looks at volumes"
        raise DataError(path, what, "Give it the whole stack")
    check_for_grid(path, image.space)
    _check_sizes(path, image.space)
    _check_memory(path, shape, image.affine, spacing_mm)
    return read_volume(path, volume)


def _check_sizes(path: Path, space: Space) -> None:
    sides_mm = np.linalg.norm(space.affine[:3, :3], axis=0)
    if sides_mm.min() < SMALLEST_MM or sides_mm.max() > LARGEST_MM:
        size = " x ".join(f"{side:.3g}" for side in sides_mm)
        what = f"has voxels of {size} mm; sides from {SMALLEST_MM} to {LARGEST_MM:g} mm can be predicted"
        raise DataError(path, what, "Check the units of its header, or resample it")


def _check_memory(path: Path, shape: Shape, affine: np.ndarray, spacing_mm: float) -> None:
    voxels = float(np.prod(np.array(shape, dtype=float)))
    sides_mm = np.linalg.norm(affine[:3, :3], axis=0)
    on_grid = voxels * float(np.prod(sides_mm)) / spacing_mm**3
    refuse_too_large(path, voxels, 4 * COPIES * (voxels + on_grid), reserve_bytes=WINDOWS_BYTES)
