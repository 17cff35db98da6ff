"""The voxels of a mask, listed slice by slice: cords fill so little of a volume that nothing else matters."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from nibabel.affines import voxel_sizes
from nibabel.orientations import inv_ornt_aff

from softcord.io.nifti import Volume, reorientation
from softcord.io.space import shear_deg
from softcord.measure.tails import without_tails

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Less than this of a voxel is numerical dust, not cord: the field's rule for where a mask begins and ends.
DUST = 1e-6
# Axes that are no further off a right angle are so by the rounding of their header.
ROUNDING_DEG = 1e-3


@dataclass(frozen=True)
class SliceVoxels:
    """The non-zero voxels of a mask in RPI order.

    ``x``, ``y``, ``z`` (indices in the RPI volume of ``shape``) and ``value`` have shape (n,); ``affine``
    maps RPI indices to scanner millimetres. Sums per slice have shape (slices,). ``left_out_pct`` of each
    slice's mass were tails (see :mod:`softcord.measure.tails`); None where nobody looked.

    ``spacing_mm`` is the length of a voxel along x, then at right angles to it within the slice, then across
    the slice: where axes are sheared these are not a voxel's sides, but their product is its volume and that
    of the first two a pixel's area. ``shear`` is by how much of a voxel x moves with y, x with z, and y with
    z; ``place_x`` and ``place_y`` are x and y with that added, so that what is measured of them is true.
    """

    x: Ints
    y: Ints
    z: Ints
    value: Floats
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine: Floats
    shear: tuple[float, float, float] = (0.0, 0.0, 0.0)
    left_out_pct: Floats | None = None

    @property
    def place_x(self) -> Floats:
        """Place of each voxel along x, in ``spacing_mm[0]``."""
        return np.asarray(self.x + self.shear[0] * self.y + self.shear[1] * self.z)

    @property
    def place_y(self) -> Floats:
        """Place of each voxel at right angles to x within the slice, in ``spacing_mm[1]``."""
        return np.asarray(self.y + self.shear[2] * self.z)

    @property
    def place_affine(self) -> Floats:
        """Map (place_x, place_y, z) to scanner millimetres: the affine, its shear taken out."""
        xy, xz, yz = self.shear
        affine = self.affine.copy()
        affine[:3, 1] -= xy * affine[:3, 0]
        affine[:3, 2] -= xz * affine[:3, 0] + yz * affine[:3, 1]
        return affine

    def per_slice(self, weight: Floats) -> Floats:
        """Sum a number per voxel over each slice."""
        sums: Floats = np.bincount(self.z, weights=weight, minlength=self.shape[2]).astype(np.float64)
        return sums

    @cached_property
    def total(self) -> Floats:
        """Sum of the mask's values in each slice."""
        return self.per_slice(self.value)

    @cached_property
    def lowest(self) -> Floats:
        """Smallest value of each slice, background included."""
        lowest = np.zeros(self.shape[2])
        np.minimum.at(lowest, self.z, self.value)
        return lowest

    @cached_property
    def highest(self) -> Floats:
        """Largest value of each slice, background included."""
        highest = np.zeros(self.shape[2])
        np.maximum.at(highest, self.z, self.value)
        return highest

    @cached_property
    def filled(self) -> Ints:
        """The slices that hold cord, ascending."""
        return np.flatnonzero(self.highest > DUST)

    def means(self, numbers: Floats) -> Floats:
        """Mean over each slice of numbers per voxel (..., n), voxels counting by value; NaN where empty."""
        mass = np.where(self.total > 0, self.total, np.nan)
        sums = [self.per_slice(self.value * row) for row in np.atleast_2d(numbers)]
        return np.stack(sums) / mass

    def centres_of(self, slices: Ints) -> Floats:
        """Centre of mass (place_x, place_y) of slices, shape (slices, 2)."""
        return self.means(np.stack([self.place_x, self.place_y]))[:, slices].T

    def above(self, threshold: float) -> "SliceVoxels":
        """Return only the voxels above the threshold."""
        above = self.value > threshold
        return replace(self, x=self.x[above], y=self.y[above], z=self.z[above], value=self.value[above])

    def binarised(self, threshold: float) -> "SliceVoxels":
        """Return the voxels above the threshold, each with the value 1."""
        hard = self.above(threshold)
        return replace(hard, value=np.ones_like(hard.value))


def cord_voxels(mask: Volume, *, tails: bool = False) -> SliceVoxels:
    """List the voxels of a mask that are cord; with ``tails`` all that are not zero."""
    if tails:
        return slice_voxels(mask)
    cord = without_tails(mask)
    return replace(slice_voxels(cord.mask), left_out_pct=cord.left_out_pct)


def slice_voxels(mask: Volume | SliceVoxels) -> SliceVoxels:
    """List the non-zero voxels of a mask, whatever its orientation; a list is returned as it is."""
    if isinstance(mask, SliceVoxels):
        return mask
    data = mask.data
    # Read in the order of memory and turn only the few voxels of the cord, not the volume.
    order: Literal["C", "F"] = "F" if data.flags.f_contiguous else "C"
    flat = data.ravel(order)
    filled = np.flatnonzero(flat != 0)
    native = np.unravel_index(filled, data.shape, order=order)
    turned = reorientation(mask.affine)
    index = np.empty((3, len(filled)), dtype=np.int64)
    shape = [0, 0, 0]
    for axis, (to, direction) in enumerate(turned):
        length = data.shape[axis]
        index[int(to)] = native[axis] if direction > 0 else length - 1 - native[axis]
        shape[int(to)] = length
    # One order for all orientations, so that sums round alike.
    sorting = np.lexsort(index[::-1])
    x, y, z = index[:, sorting]
    affine = mask.affine @ inv_ornt_aff(turned, data.shape)
    value = flat[filled[sorting]].astype(np.float64)
    spacing_mm, shear = _true_axes(affine)
    return SliceVoxels(x, y, z, value, (shape[0], shape[1], shape[2]), spacing_mm, affine, shear)


def _true_axes(affine: Floats) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Return the voxel along x, at right angles to it, and across the slice (mm), and the shear.

    Axes at right angles, within the rounding of headers, are left as they are.
    """
    sides_mm = tuple(float(size) for size in voxel_sizes(affine))
    if shear_deg(affine) < ROUNDING_DEG:
        return (sides_mm[0], sides_mm[1], sides_mm[2]), (0.0, 0.0, 0.0)
    upper = np.linalg.qr(affine[:3, :3])[1]
    upper *= np.sign(np.diag(upper))[:, None]
    x, y, z = (float(size) for size in np.diag(upper))
    return (x, y, z), (float(upper[0, 1] / x), float(upper[0, 2] / x), float(upper[1, 2] / y))
