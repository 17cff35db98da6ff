"""Voxel grids and cord masks on them: the little geometry that alignment and averaging share."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import nibabel as nib
import numpy as np
import numpy.typing as npt

from softcord.io.nifti import Volume, reorientation
from softcord.io.space import Space

Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Grid:
    """A voxel grid: its ``shape`` and the ``affine`` from voxel indices to scanner millimetres.

    ``space`` is what the header of a file with this grid says, None where there is no file.
    """

    shape: tuple[int, int, int]
    affine: Array
    space: Space | None = field(default=None, compare=False, repr=False)

    @property
    def spacing_mm(self) -> Array:
        """Voxel size along the three axes, shape (3,)."""
        return np.asarray(np.linalg.norm(self.affine[:3, :3], axis=0))

    def box(self, first: npt.ArrayLike, last: npt.ArrayLike) -> "Grid":
        """Return the grid from voxel ``first`` to ``last``, both included; it may reach beyond this one."""
        origin, end = np.asarray(first, dtype=int), np.asarray(last, dtype=int)
        affine = self.affine.copy()
        affine[:3, 3] = self.affine[:3, :3] @ origin + self.affine[:3, 3]
        i, j, k = (int(n) for n in end - origin + 1)
        return Grid((i, j, k), affine)


@dataclass(frozen=True)
class CordMask:
    """A non-empty mask on its RPI ``grid``, kept as the box around the cord.

    ``values`` float32, the box; ``origin`` the box's first voxel in ``grid``. The box has a rim of one voxel
    in-plane where the grid has one, and reaches from the first to the last slice with cord.
    """

    values: npt.NDArray[np.float32]
    origin: npt.NDArray[np.int_]
    grid: Grid

    @property
    def last(self) -> npt.NDArray[np.int_]:
        """The box's last voxel in ``grid``."""
        return self.origin + self.values.shape - 1

    @cached_property
    def centres(self) -> Array:
        """Centre of mass of each slice in voxels of the box, shape (2, k); interpolated if empty."""
        mass = self.values.sum(axis=(0, 1), dtype=float)
        along = (np.arange(n) for n in self.values.shape[:2])
        sums = [position @ self.values.sum(axis=1 - axis) for axis, position in enumerate(along)]
        slices, filled = np.arange(mass.size), np.flatnonzero(mass)
        return np.stack([np.interp(slices, filled, row[filled] / mass[filled]) for row in sums])

    @cached_property
    def half_width(self) -> Array:
        """Most that a slice's cord reaches from its centre of mass, with a voxel to fade out, shape (2,)."""
        x, y, k = np.nonzero(self.values)
        return np.asarray(np.abs(np.stack([x, y]) - self.centres[:, k]).max(axis=1) + 1)

    @property
    def crossing_mm(self) -> Array:
        """Where each slice of ``grid`` meets the cord, scanner mm, shape (3, k); beyond the box its ends'."""
        slices = np.arange(self.grid.shape[2])
        inside = np.clip(slices, self.origin[2], self.last[2]) - self.origin[2]
        place = self.centres[:, inside] + self.origin[:2, None]
        return apply_affine(self.grid.affine, np.concatenate([place, slices[None]]))


def grid_of(volume: Volume) -> Grid:
    """Return the grid of a volume."""
    i, j, k = volume.data.shape
    return Grid((i, j, k), volume.affine, volume.space)


def rpi_grid(grid: Grid) -> Grid:
    """Return the same voxels with axes right to left, posterior to anterior, inferior to superior."""
    turned = reorientation(grid.affine)
    i, j, k = (grid.shape[int(axis)] for axis in np.argsort(turned[:, 0]))
    return Grid((i, j, k), grid.affine @ nib.orientations.inv_ornt_aff(turned, grid.shape))


def cord_mask(volume: Volume) -> CordMask:
    """Cut the box around the cord out of a mask in any orientation.

    Raises:
        ValueError: the mask is empty.
    """
    # a view: turning a whole image into RPI order in memory costs more than all the rest
    data = nib.apply_orientation(volume.data, reorientation(volume.affine))
    occupied = data > 0
    if not occupied.any():
        raise ValueError("the mask is empty")
    first, last = np.zeros(3, dtype=int), np.zeros(3, dtype=int)
    for axis in range(3):
        others = tuple({0, 1, 2} - {axis})
        found = np.flatnonzero(occupied.any(axis=others))
        first[axis], last[axis] = found[0], found[-1]
    shape = np.array(data.shape)
    first[:2] = np.maximum(first[:2] - 1, 0)
    last[:2] = np.minimum(last[:2] + 1, shape[:2] - 1)
    box = tuple(slice(a, b + 1) for a, b in zip(first, last, strict=True))
    return CordMask(np.ascontiguousarray(data[box]), first, rpi_grid(grid_of(volume)))


def inverse(affine: Array) -> Array:
    """Return the affine that undoes ``affine``."""
    return np.asarray(np.linalg.inv(affine), dtype=float)


def apply_affine(affine: Array, points: Array) -> Array:
    """Map ``points``, shape (3, ...), by a 4 x 4 affine."""
    # not a matrix product: BLAS takes seven times as long for three rows, on all cores
    mapped = np.einsum("ij,j...->i...", affine[:3, :3], points)
    mapped += affine[:3, 3].reshape(3, *[1] * (points.ndim - 1))
    return np.asarray(mapped, dtype=float)


def box_points(first: npt.ArrayLike, last: npt.ArrayLike) -> Array:
    """Return the outer edges of the slices from voxel ``first`` to ``last``, shape (3, 2, 2, faces).

    The last axis runs over all slice faces, since a slice-wise warp may move each slice its own way.
    """
    low, high = np.asarray(first) - 0.5, np.asarray(last) + 0.5
    faces = np.arange(low[2], high[2] + 0.5, 0.5)
    return np.stack(np.meshgrid([low[0], high[0]], [low[1], high[1]], faces, indexing="ij"))


def voxel_points(grid: Grid, samples: tuple[int, int, int] = (1, 1, 1)) -> Iterator[Array]:
    """Yield voxel coordinates of all voxels, shape (3, i, j, k), one array per sample within the voxel.

    ``samples`` are counts per axis, spread evenly over the voxel; (1, 1, 1) is its centre.
    """
    centres = np.stack(np.meshgrid(*(np.arange(n, dtype=float) for n in grid.shape), indexing="ij"))
    offsets = [(np.arange(n) + 0.5) / n - 0.5 for n in samples]
    steps = np.stack(np.meshgrid(*offsets, indexing="ij")).reshape(3, -1).T
    for step in steps:
        yield centres + step[:, None, None, None]


def sample_counts(target: Grid, source: Grid) -> tuple[int, int, int]:
    """Return samples per target voxel and axis, so that they lie about as close as the source's voxels."""
    i, j, k = (max(1, round(float(n))) for n in _source_voxels(target, source))
    return i, j, k


def finer_counts(target: Grid, source: Grid) -> tuple[int, int, int]:
    """Return `sample_counts` with twice as many in-plane where those would beat with the source's voxels.

    Samples exactly a source voxel apart neither win nor lose area, wherever they start; others in step with
    the voxels for a while do, up to a percent of a small section.
    """
    i, j, k = sample_counts(target, source)
    directions = (grid.affine[:3, :3] / grid.spacing_mm for grid in (target, source))
    is_parallel = bool(np.isclose(np.abs(np.linalg.det(np.add(*directions))), 8, atol=1e-4))
    off = np.abs(_source_voxels(target, source) - (i, j, k)) > 1e-3
    first, second = (bool(is_off) or not is_parallel for is_off in off[:2])
    return i * (1 + first), j * (1 + second), k


def _source_voxels(target: Grid, source: Grid) -> Array:
    """Return how many of the source's voxels lie along each axis of a target voxel, shape (3,)."""
    directions = target.affine[:3, :3] / target.spacing_mm
    source_mm = 1 / np.linalg.norm(inverse(source.affine)[:3, :3] @ directions, axis=0)
    return np.asarray(target.spacing_mm / source_mm)
