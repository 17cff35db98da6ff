"""Refuse images that cannot be predicted, from their header and before their voxels take memory."""

from pathlib import Path

import nibabel as nib
import numpy as np

from softcord.data.resample import Shape
from softcord.errors import DataError
from softcord.io.nifti import Volume, open_nifti, read_volume
from softcord.train.memory import machine_bytes

# Voxel sides between which a cord of 10-15 mm can be seen and an image of the neck fits into memory. Axial
# slices of 17 mm, gaps included, are in use.
SMALLEST_MM, LARGEST_MM = 0.15, 20.0
MAX_SHEAR_DEG = 2.0  # rounding in headers is a hundred times smaller
# Copies of the image and of its 1 mm grid, float32, that are held at once; the net's windows on top.
COPIES, WINDOWS_BYTES = 6, 1_000_000_000


def read_checked(path: Path, spacing_mm: float) -> Volume:
    """Return an image that can be predicted on a grid of ``spacing_mm``.

    Raises:
        DataError: what :func:`softcord.io.nifti.read_volume` refuses, and: one slice only, an orientation
            that the header does not give, a sheared affine, voxels of under 0.15 or over 20 mm, or an image
            that memory cannot hold.
    """
    image = open_nifti(path)
    _check_geometry(path, image)
    shape = (*image.shape[:3], 1, 1)[:3]
    if len(image.shape) == 3 or image.shape[3:] == (1,):
        _check_memory(path, shape, image.affine, spacing_mm)
        if min(shape) == 1:
            what = f"has a single slice (shape {tuple(image.shape)}), and the net looks at volumes"
            raise DataError(path, what, "Give it the whole stack")
    return read_volume(path)


def _check_geometry(path: Path, image: nib.Nifti1Image) -> None:
    if int(image.header["qform_code"]) == 0 and int(image.header["sform_code"]) == 0:
        what = "does not say how it lies in the scanner: the codes of qform and sform are both 0"
        raise DataError(path, what, "Set its sform (code 1) first, after checking left and right")
    axes = image.affine[:3, :3]
    sides_mm = np.linalg.norm(axes, axis=0)
    if not np.isfinite(image.affine).all() or sides_mm.min() < 1e-6:
        raise DataError(path, "its affine is singular, so voxel sizes are unknown", "Repair the header first")
    if sides_mm.min() < SMALLEST_MM or sides_mm.max() > LARGEST_MM:
        size = " x ".join(f"{side:.3g}" for side in sides_mm)
        what = f"has voxels of {size} mm; sides from {SMALLEST_MM} to {LARGEST_MM:g} mm can be predicted"
        raise DataError(path, what, "Check the units of its header, or resample it")
    cosines = (axes / sides_mm).T @ (axes / sides_mm) - np.eye(3)
    shear_deg = float(np.degrees(np.arcsin(min(1.0, np.abs(cosines).max()))))
    if shear_deg > MAX_SHEAR_DEG:
        what = f"its axes are {shear_deg:.1f} degrees off a right angle, so slices are sheared"
        raise DataError(path, what, "Resample it to a grid with right angles")


def _check_memory(path: Path, shape: Shape, affine: np.ndarray, spacing_mm: float) -> None:
    voxels = float(np.prod(np.array(shape, dtype=float)))
    sides_mm = np.linalg.norm(affine[:3, :3], axis=0)
    on_grid = voxels * float(np.prod(sides_mm)) / spacing_mm**3
    needed = 4 * COPIES * (voxels + on_grid) + WINDOWS_BYTES
    available = machine_bytes()
    if needed > available:
        what = f"has {voxels:.2g} voxels, which would take about {needed / 1e9:.3g} GB of memory"
        raise DataError(path, what, f"This machine has {available / 1e9:.3g} GB; crop the image first")
