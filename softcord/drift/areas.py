"""The areas of one cord by two masks of the same image, over the same slices."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.errors import DataError
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume
from softcord.measure.aggregate import mean_with_missed
from softcord.measure.csa import Mode, csa_per_slice
from softcord.measure.groups import Group, group_slices
from softcord.measure.levels import SliceLevels, levels_from_discs, levels_from_image
from softcord.measure.slices import SliceVoxels, slice_voxels
from softcord.measure.tails import without_tails

_HARD = 0.5
_MODES: tuple[tuple[Mode, str], ...] = (("soft", "mm2"), ("bin", "bin_mm2"))
NO_CORD = "no cord was found"


@dataclass(frozen=True)
class Labels:
    """Where the vertebral levels of an image are read from: disc labels, or an image of levels."""

    discs: Path | None = None
    levels: Path | None = None


@dataclass(frozen=True)
class LevelAreas:
    """Mean areas at a level, mm², by the old and the new mask, over the ``slices`` in which either has cord.

    A slice in which a mask has none counts as 0 mm² for it: a cord that is missed never vanishes from a mean.
    ``old_missed`` and ``new_missed`` count such slices.
    """

    level: str
    slices: int
    old_mm2: float
    new_mm2: float
    old_bin_mm2: float
    new_bin_mm2: float
    old_missed: int
    new_missed: int

    def failed(self, side: str) -> bool:
        """Whether the ``old`` or ``new`` mask misses more than half of the slices."""
        missed = self.old_missed if side == "old" else self.new_missed
        return 2 * missed > self.slices


def areas_of(old: Volume, new: Volume, labels: Labels, levels: tuple[int, ...]) -> list[LevelAreas]:
    """Measure two masks of one image over the same slices: ``levels`` together, then each of them.

    Args:
        old: soft mask of the old model, 0..1, in the image's own space.
        new: soft mask of the new one, on the same grid.
        labels: of the image; not read if no levels are asked for.
        levels: vertebral levels; none measures the whole cord, level ``all``.

    Raises:
        DataError: the labels cannot be used, or neither mask holds cord at the levels.
    """
    either = Volume(np.maximum(old.data, new.data), old.affine, old.space)
    base = slice_voxels(without_tails(either).mask)
    masks = {side: slice_voxels(without_tails(mask).mask) for side, mask in (("old", old), ("new", new))}
    groups = _groups(base, labels, levels)
    if not len(groups[0].slices):
        raise DataError("the image", f"neither model finds cord at {groups[0].level}", "Look at it")
    tables = {
        (side, name): csa_per_slice(voxels, mode=mode)
        for side, voxels in masks.items()
        for mode, name in _MODES
    }
    holds = {side: voxels.binarised(_HARD).filled for side, voxels in masks.items()}
    return [_level(group, tables, holds) for group in groups]


def _groups(base: SliceVoxels, labels: Labels, levels: tuple[int, ...]) -> list[Group]:
    covered = base.binarised(_HARD).filled
    if not levels or not len(covered):
        return list(group_slices(covered))
    found = _slice_levels(base, labels)
    together = list(group_slices(covered, found, levels))
    each = group_slices(covered, found, levels, per_level=True) if len(levels) > 1 else ()
    return [*together, *each]


def _slice_levels(base: SliceVoxels, labels: Labels) -> SliceLevels:
    if labels.discs is not None:
        return levels_from_discs(base, read_mask(labels.discs))
    if labels.levels is not None:
        return levels_from_image(read_mask(labels.levels))
    raise DataError("the image", "has no disc labels and no level image", "Levels cannot be told without")


def _level(
    group: Group, tables: dict[tuple[str, str], pd.DataFrame], holds: dict[str, np.ndarray]
) -> LevelAreas:
    areas = {key: mean_with_missed(table, "area_mm2", group.slices) for key, table in tables.items()}
    missed = {side: len(np.setdiff1d(group.slices, found)) for side, found in holds.items()}
    return LevelAreas(
        group.level,
        len(group.slices),
        old_mm2=areas["old", "mm2"],
        new_mm2=areas["new", "mm2"],
        old_bin_mm2=areas["old", "bin_mm2"],
        new_bin_mm2=areas["new", "bin_mm2"],
        old_missed=missed["old"],
        new_missed=missed["new"],
    )
