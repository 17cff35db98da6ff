"""Measure mask files: one file in, a wide table of groups out (a row per slice, level or whole cord)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.errors import DataError
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume, space_of
from softcord.io.space import Space, misfit
from softcord.measure.aggregate import count_findings, join_findings
from softcord.measure.csa import HOW_COLUMNS, Mode, csa_per_slice, default_smoothing
from softcord.measure.doubt import area_doubt_mm2, read_doubt
from softcord.measure.groups import Group, group_slices
from softcord.measure.image import compare_masks
from softcord.measure.level_text import format_numbers
from softcord.measure.levels import DISC_LABELS, SliceLevels, levels_from_discs, levels_from_image
from softcord.measure.shape import SHAPE_COLUMNS, shape_per_slice
from softcord.measure.slices import SliceVoxels, cord_voxels, slice_voxels
from softcord.measure.tails import without_tails
from softcord.measure.unsure import WORD, is_unsure

Floats = npt.NDArray[np.float64]
AVERAGED = ("area_mm2", "angle_ap_deg", "angle_rl_deg", *SHAPE_COLUMNS)


@dataclass(frozen=True)
class MeasureSettings:
    """What to measure, and how.

    ``modes`` are measured side by side, the first one also gives angles and shape. ``levels`` and
    ``slices`` (RPI numbers) restrict what is averaged, None means all. ``smoothing`` None is each mode's
    own default. ``volume`` is which one of a series is the mask, from 0. ``tails``: whether faint values far
    from the cord count (see :mod:`softcord.measure.tails`); mode "sct" always counts them, as SCT does.
    """

    modes: tuple[Mode, ...] = ("soft", "bin")
    levels: tuple[int, ...] | None = None
    slices: tuple[int, ...] | None = None
    per_level: bool = False
    per_slice: bool = False
    threshold: float = 0.5
    smoothing: float | None = None
    angle_correction: bool = True
    volume: int | None = None
    tails: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.threshold < 1:
            raise ValueError(f"threshold: must be at least 0 and below 1, got {self.threshold}")
        if self.volume is not None and self.volume < 0:
            raise ValueError(f"volume: must be at least 0, got {self.volume}")
        if self.smoothing is not None and not 0 < self.smoothing < np.inf:
            raise ValueError(f"smoothing: must be a number > 0, got {self.smoothing}")


@dataclass(frozen=True)
class MaskFiles:
    """A mask and what belongs to it: disc labels or a level image, and a reference mask to compare with.

    ``uncertainty`` is how far readings of the image lie apart, voxel by voxel.
    ``unused`` are further labels of the mask's image, which lost against the one that is given.
    """

    mask: Path
    discs: Path | None = None
    levels: Path | None = None
    reference: Path | None = None
    unused: tuple[Path, ...] = ()
    uncertainty: Path | None = None


@dataclass(frozen=True)
class FileMeasures:
    """The measures of one mask.

    ``groups`` has a row per mode and group: HOW_COLUMNS, slice ("5:23"),
    level, findings, ``area_doubt_mm2`` (see :mod:`softcord.measure.doubt`; NaN where unknown), and mean and
    population SD over its slices of each of AVERAGED (``area_mm2``,
    ``area_mm2_sd``, ...), and length_mm, their sum. ``overlap`` are metrics against the reference by name.
    ``space`` says which form of the mask's header gave the geometry, and whether the other one differs;
    ``notes`` are lines about the headers of the files.
    """

    files: MaskFiles
    groups: pd.DataFrame
    overlap: dict[str, float]
    space: str = "affine"
    notes: tuple[str, ...] = ()


def measure_file(files: MaskFiles, settings: MeasureSettings) -> FileMeasures:
    """Measure one mask.

    Raises:
        DataError: a file cannot be used, or they do not belong together.
    """
    if (settings.levels or settings.per_level) and not (files.discs or files.levels):
        raise DataError(files.mask, "has no disc labels and no level image", "Levels cannot be told without")
    mask = read_mask(files.mask, settings.volume)
    space = space_of(mask)
    every, voxels = slice_voxels(mask), cord_voxels(mask, tails=settings.tails)
    notes = [f"{files.mask}: {odd}" for odd in space.oddities]
    notes += [f"{path}: not used, but {(files.discs or files.levels)}" for path in files.unused]
    groups = measure_voxels(voxels, _levels(voxels, space, files, notes), settings, every)
    groups["area_doubt_mm2"] = np.nan
    if files.uncertainty is not None and (sd := _doubt(files.uncertainty, space, notes)) is not None:
        groups["area_doubt_mm2"] = area_doubt_mm2(groups, voxels, sd)
    overlap = {}
    if files.reference is not None:
        both = [mask, _read_beside(files.reference, space, notes)]
        compared = compare_masks(*(both if settings.tails else [without_tails(one).mask for one in both]))
        overlap = {measure.metric: measure.value for measure in compared}
    odd = [one.what for one in space.oddities if not one.is_rounding]
    if is_unsure(files.mask):
        odd = [WORD, *odd]
        notes.append(f"{files.mask}: is unsure, no cord could be followed in its image; look at it")
    groups["findings"] = [join_findings([*odd, *filter(None, [words])]) for words in groups["findings"]]
    return FileMeasures(files, groups, overlap, space.name, tuple(notes))


def measure_voxels(
    voxels: SliceVoxels,
    levels: SliceLevels | None,
    settings: MeasureSettings,
    every: SliceVoxels | None = None,
) -> pd.DataFrame:
    """Return the ``groups`` of :class:`FileMeasures` of a mask whose levels are known, or None.

    ``every`` are the voxels with the mask's tails, which mode "sct" counts; None where ``voxels`` has them.
    """
    counted = {mode: every if mode == "sct" and every is not None else voxels for mode in settings.modes}
    rows = [row for mode in settings.modes for row in _mode_rows(counted[mode], levels, mode, settings)]
    return pd.DataFrame(rows)


def _read_beside(path: Path, space: Space, notes: list[str]) -> Volume:
    """Read what belongs to a mask, noting what is odd about its header or its place."""
    volume = read_mask(path)
    notes += _header_notes(path, space_of(volume), space)
    return volume


def _header_notes(path: Path, own: Space, of_mask: Space) -> list[str]:
    notes = [f"{path}: {odd}" for odd in own.oddities]
    off = misfit(of_mask, own)
    return notes if off is None or not off.fits_as_used else [*notes, f"{path}: {off.what}"]


def _doubt(path: Path, space: Space, notes: list[str]) -> Volume | None:
    sd, wrong = read_doubt(path, space)
    if sd is None:
        notes.append(f"{wrong}; its mask was measured without it")
        return None
    notes += _header_notes(path, space_of(sd), space)
    return sd


def _levels(voxels: SliceVoxels, space: Space, files: MaskFiles, notes: list[str]) -> SliceLevels | None:
    if files.levels is not None:
        image = _read_beside(files.levels, space, notes)
        if (off := misfit(space, space_of(image))) is not None and not off.fits_as_used:
            what = off.what.replace("its image", "the mask")
            raise DataError(files.levels, what, "Give the level image of this mask")
        return levels_from_image(image)
    if files.discs is None:
        return None
    try:
        return levels_from_discs(voxels, _read_beside(files.discs, space, notes))
    except DataError as error:
        where = files.discs if error.where == DISC_LABELS else error.where
        raise DataError(where, error.what, error.hint) from error


def _mode_rows(
    voxels: SliceVoxels, levels: SliceLevels | None, mode: Mode, settings: MeasureSettings
) -> list[dict[str, object]]:
    smoothing = default_smoothing(mode) if settings.smoothing is None else settings.smoothing
    threshold = settings.threshold
    table = csa_per_slice(
        voxels,
        mode=mode,
        threshold=threshold,
        smoothing=smoothing,
        angle_correction=settings.angle_correction,
    )
    if mode == settings.modes[0]:
        shape_smoothing = None if mode == "sct" else smoothing
        shape = shape_per_slice(voxels, mode=mode, threshold=threshold, smoothing_mm=shape_smoothing)
        table = pd.concat([table, shape.drop(columns="slice")], axis=1)
    usable = table["slice"].to_numpy()
    if settings.slices is not None:
        usable = np.intersect1d(usable, settings.slices)
    groups = group_slices(
        usable, levels, settings.levels, per_level=settings.per_level, per_slice=settings.per_slice
    )
    method: dict[str, object] = {name: table[name].iloc[0] for name in HOW_COLUMNS}
    numbers = table.reindex(columns=[*AVERAGED, "length_mm"]).to_numpy(dtype=np.float64)
    words = table["findings"].tolist()
    return [method | _group_row(group, numbers[group.slices], words) for group in groups]


def _group_row(group: Group, numbers: Floats, words: list[str]) -> dict[str, object]:
    """Mean and SD over a group's slices; ``numbers`` has a row per slice and length_mm last."""
    filled = numbers[~np.isnan(numbers[:, 0])]
    mean = filled.mean(axis=0) if len(filled) else np.full(numbers.shape[1], np.nan)
    sd = filled.std(axis=0) if len(filled) else mean
    found = [words[z] for z in group.slices]
    summary = found if len(found) == 1 else count_findings(found, len(found) - len(filled))
    if not found and not group.findings:
        summary = ("none of the slices asked for is there",)
    return {
        "slice": format_numbers(group.slices.tolist()),
        "level": group.level,
        "findings": join_findings([*group.findings, *summary]),
        **dict(zip(AVERAGED, mean, strict=False)),
        **{f"{name}_sd": value for name, value in zip(AVERAGED, sd, strict=False)},
        "length_mm": filled[:, -1].sum() if len(filled) else np.nan,
    }
