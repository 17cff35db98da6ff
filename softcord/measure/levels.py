"""Vertebral levels: which slice belongs to which, from disc labels or from a level image."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from softcord.errors import DataError
from softcord.io.nifti import Volume
from softcord.measure.centreline import Centreline
from softcord.measure.csa import fit_centreline
from softcord.measure.level_text import format_numbers
from softcord.measure.slices import SliceVoxels, slice_voxels

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NO_LEVEL = 0
DISC_LABELS = "disc labels"
# Labels from here on are landmarks (pontomedullary groove, junction, conus), not discs.
FIRST_LANDMARK = 40
# A disc's posterior tip lies in front of or behind the cord by no more than this.
FAR_FROM_CORD_MM = 30.0
# Voxels with the same number further than this from their middle are not one disc.
SAME_DISC_MM = 5.0


@dataclass(frozen=True)
class SliceLevels:
    """The vertebral level of each RPI slice, shape (slices,), 0 where there is none.

    ``whole`` are the levels that are bounded on both sides by a disc, so that none of them is cut.
    ``findings`` say what is odd: missing, repeated or misplaced discs.
    """

    level: Ints
    whole: tuple[int, ...] = ()
    findings: tuple[str, ...] = ()

    def slices_of(self, levels: Iterable[int]) -> Ints:
        """Return the slices that belong to any of the levels, ascending."""
        return np.flatnonzero(np.isin(self.level, list(levels)))

    @property
    def present(self) -> tuple[int, ...]:
        """The levels that have slices, ascending."""
        return tuple(int(n) for n in np.unique(self.level) if n > NO_LEVEL)

    def findings_of(self, levels: Iterable[int]) -> tuple[str, ...]:
        """Say which of the asked levels are missing or cut, after what is odd about the discs."""
        found = list(self.findings)
        for level in levels:
            if level not in self.present:
                found.append(f"level {level} is not in the image")
            elif level not in self.whole:
                found.append(f"level {level} is only partly in the image")
        return tuple(found)


def levels_from_discs(mask: Volume | SliceVoxels, discs: Volume) -> SliceLevels:
    """Cut the cord of a mask into levels at its discs.

    SCT's convention: disc n lies above vertebra n (3 is C2/C3), each disc belongs to the nearest point of the
    centreline, a slice that carries a disc belongs to the level below it, what lies above the top disc n to
    level n - 1, what lies below the lowest to its own level. Where a disc is missing in between, the level
    above the gap reaches through it, as in SCT; here that is a finding.

    Args:
        mask: soft or hard cord mask; only slices between its first and last are given a level.
        discs: single voxels whose value is the disc's number, in the same space (the grid may differ).

    Raises:
        DataError: the disc image holds no disc, or values that are no whole numbers.
    """
    voxels = slice_voxels(mask)
    line = fit_centreline(voxels)
    placed = _place(slice_voxels(discs))
    level = np.zeros(voxels.shape[2], dtype=np.int64)
    if line is None:
        return SliceLevels(level, findings=("the mask is empty",))
    slices, overshoot, distance_mm = _project(placed.points_mm, line, voxels)
    near = distance_mm <= FAR_FROM_CORD_MM
    findings = [
        f"disc {disc} is {mm:.0f} mm from the cord and left out"
        for disc, mm in zip(placed.discs[~near], distance_mm[~near], strict=True)
    ]
    if not near.any():
        return SliceLevels(level, findings=(*findings, "no disc is near the cord"))
    order = np.lexsort((-placed.discs[near], slices[near]))
    discs_up, slices_up = placed.discs[near][order], slices[near][order]
    _fill(level, line.slices, discs_up, slices_up)
    inside = discs_up[np.abs(overshoot[near][order]) <= 0.5]
    whole = tuple(int(n) for n in sorted(inside) if n + 1 in inside)
    return SliceLevels(level, whole, (*placed.findings, *findings, *_odd_discs(discs_up, slices_up, inside)))


def levels_from_image(levels: Volume) -> SliceLevels:
    """Read levels from an image whose voxels carry the level's number (a labelled cord).

    A slice has the mean of its non-zero voxels, rounded half to even, as in SCT. A level that reaches the
    volume's first or last slice may be cut there and does not count as whole.
    """
    voxels = slice_voxels(levels)
    count = voxels.per_slice(np.ones_like(voxels.value))
    mean = np.divide(voxels.total, count, out=np.zeros_like(count), where=count > 0)
    level = np.rint(mean).astype(np.int64)
    present = np.unique(level[level > 0])
    cut = {int(level[0]), int(level[-1])}
    going_up = level[level > 0]
    order = going_up[np.flatnonzero(np.diff(going_up, prepend=0))]
    findings: tuple[str, ...] = ()
    if (np.diff(order) != -1).any():
        findings = (f"levels are out of order, from below: {', '.join(map(str, order))}",)
    return SliceLevels(level, tuple(int(n) for n in present if n not in cut), findings)


@dataclass(frozen=True)
class _PlacedDiscs:
    """Discs by number, ascending, with their place in scanner millimetres, shape (n, 3)."""

    discs: Ints
    points_mm: Floats
    findings: tuple[str, ...]


def _place(labels: SliceVoxels) -> _PlacedDiscs:
    disc = np.rint(labels.value).astype(np.int64)
    if (np.abs(labels.value - disc) > 1e-3).any() or (disc < 0).any():
        raise DataError(DISC_LABELS, "values must be whole numbers", "Give the image of single disc voxels")
    index = np.stack([labels.x, labels.y, labels.z], axis=1)
    points = index @ labels.affine[:3, :3].T + labels.affine[:3, 3]
    names = np.unique(disc[disc < FIRST_LANDMARK])
    if not len(names):
        raise DataError(DISC_LABELS, "the image holds no disc", "Its voxels should be 1, 2, 3, ...")
    findings = []
    places = []
    for name in names:
        mine = points[disc == name]
        centre = mine.mean(axis=0)
        places.append(centre)
        if np.linalg.norm(mine - centre, axis=1).max() > SAME_DISC_MM:
            findings.append(f"disc {name} is marked in several places: their middle is taken")
    return _PlacedDiscs(names, np.array(places), tuple(findings))


def _project(points_mm: Floats, line: Centreline, voxels: SliceVoxels) -> tuple[Ints, Floats, Floats]:
    """Nearest slice of each point, by how many slices it lies beyond the mask's end, and its distance."""
    on_line = np.stack([line.x, line.y, line.slices.astype(np.float64)], axis=1)
    affine = voxels.place_affine
    line_mm = on_line @ affine[:3, :3].T + affine[:3, 3]
    apart_mm = np.linalg.norm(points_mm[:, None] - line_mm, axis=2)
    nearest = apart_mm.argmin(axis=1)
    at_slice = np.linalg.solve(affine[:3, :3], (points_mm - affine[:3, 3]).T)[2]
    first, last = line.slices[0], line.slices[-1]
    at_end = (nearest == 0) | (nearest == len(line.x) - 1)
    overshoot = np.where(at_end, at_slice - np.clip(at_slice, first, last), 0.0)
    return line.slices[nearest], overshoot, apart_mm.min(axis=1)


def _fill(level: Ints, slices: Ints, discs_up: Ints, slices_up: Ints) -> None:
    """Give each slice the number of the first disc at or above it; above the top disc, one less."""
    names = np.append(discs_up, discs_up[-1] - 1)
    level[slices] = names[np.searchsorted(slices_up, slices, side="left")]


def _odd_discs(discs_up: Ints, slices_up: Ints, inside: Ints) -> list[str]:
    findings = [f"disc {n} lies beyond the end of the mask" for n in np.setdiff1d(discs_up, inside)]
    findings += [f"two discs fall on slice {z}" for z in np.unique(slices_up[1:][np.diff(slices_up) == 0])]
    if (np.diff(discs_up) > 0).any():
        findings.append(f"the discs are out of order, from below: {', '.join(map(str, discs_up))}")
    for upper, lower in pairwise(sorted(discs_up.tolist())):
        if lower - upper > 1:
            missing = format_numbers(range(upper + 1, lower))
            findings.append(f"disc {missing} is missing, so level {upper} reaches down to disc {lower}")
    return findings
