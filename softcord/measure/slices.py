"""The voxels of a mask, listed slice by slice: cords fill so little of a volume that nothing else matters."""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt
from nibabel.orientations import inv_ornt_aff

from softcord.io.nifti import Volume, reorientation

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Less than this of a voxel is numerical dust, not cord: the field's rule for where a mask begins and ends.
DUST = 1e-6


@dataclass(frozen=True)
class SliceVoxels:
    """The non-zero voxels of a mask in RPI order.

    ``x``, ``y``, ``z`` (indices in the RPI volume of ``shape``) and ``value`` have shape (n,); ``affine``
    maps RPI indices to scanner millimetres. Sums per slice have shape (slices,).
    """

    x: Ints
    y: Ints
    z: Ints
    value: Floats
    shape: tuple[int, int, int]
    spacing_mm: tuple[float, float, float]
    affine: Floats

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
        """Centre of mass (x, y) of slices in voxels, shape (slices, 2)."""
        return self.means(np.stack([self.x, self.y]))[:, slices].T

    def above(self, threshold: float) -> "SliceVoxels":
        """Return only the voxels above the threshold."""
        above = self.value > threshold
        return replace(self, x=self.x[above], y=self.y[above], z=self.z[above], value=self.value[above])

    def binarised(self, threshold: float) -> "SliceVoxels":
        """Return the voxels above the threshold, each with the value 1."""
        hard = self.above(threshold)
        return replace(hard, value=np.ones_like(hard.value))


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
    spacing_mm = Volume(data, affine).spacing_mm
    value = flat[filled[sorting]].astype(np.float64)
    return SliceVoxels(x, y, z, value, (shape[0], shape[1], shape[2]), spacing_mm, affine)
