"""What a row of a CSA table stands for: one slice, one level, several levels together, or the whole cord."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.measure.level_text import format_levels
from softcord.measure.levels import SliceLevels

Ints = npt.NDArray[np.int64]
WITHOUT_LEVELS = "all"


@dataclass(frozen=True)
class Group:
    """Slices to average over (RPI, ascending), the name of their level, and what is odd about them."""

    level: str
    slices: Ints
    findings: tuple[str, ...] = ()


def group_slices(
    slices: Ints,
    levels: SliceLevels | None = None,
    wanted: tuple[int, ...] | None = None,
    *,
    per_level: bool = False,
    per_slice: bool = False,
) -> Iterator[Group]:
    """Yield the groups that SCT's words ask for.

    Args:
        slices: the slices that may be used at all.
        levels: their levels, None if unknown.
        wanted: vertebral levels (``-vert``); only their slices are used. All if None.
        per_level: a group per level (of those wanted, or all there are; without any one group of none).
        per_slice: a group per slice; wins over ``per_level``. A wanted level without slices, and slices of
            which none is there, have a group of none: no mask goes without a row.
    """
    if levels is not None and wanted is not None:
        slices = np.intersect1d(slices, levels.slices_of(wanted))
    if per_slice:
        for z in slices:
            level = int(levels.level[z]) if levels is not None else 0
            name = str(level) if level else WITHOUT_LEVELS
            yield Group(name, np.array([z]), () if levels is None else levels.findings)
        absent = set(wanted or ()) - set(levels.present) if levels is not None else set()
        if levels is not None:
            yield from (_level_group(slices, levels, (level,)) for level in sorted(absent))
        if not len(slices) and not absent:
            yield Group(WITHOUT_LEVELS, slices)
    elif levels is not None and per_level:
        for level in wanted or levels.present:
            yield _level_group(slices, levels, (level,))
        if not wanted and not levels.present:
            yield Group(WITHOUT_LEVELS, slices[:0], (*levels.findings, "no level is in the image"))
    elif levels is not None and wanted is not None:
        yield _level_group(slices, levels, wanted)
    else:
        yield Group(WITHOUT_LEVELS, slices)


def _level_group(slices: Ints, levels: SliceLevels, group: tuple[int, ...]) -> Group:
    chosen = np.intersect1d(slices, levels.slices_of(group))
    return Group(format_levels(group), chosen, levels.findings_of(group))
