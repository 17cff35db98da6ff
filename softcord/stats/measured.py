"""One metric of a study over whichever contrasts are asked for; a spread over contrasts is computed anew."""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.errors import DataError
from softcord.stats.frames import PAPER_LEVEL, at_level, comparable_spread, is_ground_truth
from softcord.stats.grid import Grid, grid_of
from softcord.stats.kept import kept
from softcord.stats.missed import NEEDS_A_CORD, missed_cords

# A spread over contrasts, and the CSA that it is the spread of.
SPREAD_OF = {"csa_std_mm2": "csa_mm2", "csa_bin_std_mm2": "csa_bin_mm2"}
_NOBODY = pd.MultiIndex.from_arrays([[]] * 5)


@dataclass(frozen=True)
class Measured:
    """A metric at a level: ``base`` has a value per image, of the CSA itself where the metric is its spread.

    ``recorded`` is the spread as it was written beside the measures; None where the metric is no spread.
    """

    metric: str
    level: str
    base: Grid
    recorded: Grid | None = None

    def names(self) -> list[str]:
        """Return the methods, the ground truth's included."""
        return self.base.names()

    def contrasts_of(self, method: str) -> tuple[str, ...]:
        """Return the contrasts that a method was tested on."""
        return self.base.contrasts_of(method)

    def over(self, contrasts: Collection[str] = ()) -> Grid:
        """Return the values over some contrasts (none: all); a spread has one image per session, ``all``."""
        grid = self.base.over(contrasts) if contrasts else self.base
        if self.metric not in SPREAD_OF or self.recorded is self.base:
            return grid
        is_all = set(map(str, grid.contrasts)) == set(map(str, self.base.contrasts))
        return _spread(grid, self.recorded if is_all else None)

    def contrast_counts(self, contrasts: Collection[str] = ()) -> npt.NDArray[np.int64]:
        """Return over how many contrasts each participant's spread is; the largest of several sessions."""
        grid = self.base.over(contrasts) if contrasts else self.base
        counts = [grid.wanted[:, grid.sessions == name].sum(axis=1) for name in np.unique(grid.sessions)]
        return np.max(counts, axis=0) if counts else np.zeros(len(grid.people), int)


@kept
def measured(measures: pd.DataFrame, metric: str, level: str = PAPER_LEVEL) -> Measured:
    """Lay out a metric of tidy measures at one level, and the participants who have none of it.

    Where no cord was found there is no CSA, no error of it and no spread.

    Raises:
        DataError: nobody measured the metric at that level, every value is missing, or an image of a run has
            two values.
    """
    csa = SPREAD_OF.get(metric)
    people = _people(measures)
    has_csa = csa is not None and ((measures["metric"] == csa) & measures["value"].notna()).any()
    recorded = None
    if csa is None or not has_csa or (measures["metric"] == metric).any():
        rows = at_level(comparable_spread(measures, metric), metric, level)
        recorded = _grid(measures, rows, metric, level, people)
    if csa is None or not has_csa:
        assert recorded is not None
        return Measured(metric, level, recorded, recorded if csa else None)
    rows = at_level(measures, csa, level)
    return Measured(metric, level, _grid(measures, rows, csa, level, people), recorded)


def _grid(
    measures: pd.DataFrame, rows: pd.DataFrame, metric: str, level: str, people: tuple[str, ...]
) -> Grid:
    missed = missed_cords(measures, level) if metric in NEEDS_A_CORD else _NOBODY
    there = {str(name) for name in rows["participant_id"].unique()}
    absent = [name for name in people if name not in there]
    own = measures[measures["metric"] == metric] if absent else rows
    without = {}
    for name in absent:
        levels = sorted({str(at) for at in own.loc[own["participant_id"] == name, "level"].unique()})
        without[name] = f"no level {level}, measured at {', '.join(levels)}" if levels else f"no {metric}"
    return grid_of(rows, people, missed, without)


@kept
def _people(measures: pd.DataFrame) -> tuple[str, ...]:
    """Return the participants whom some method was tested on; of the ground truth alone, all."""
    is_gt = is_ground_truth(measures)
    names = measures["participant_id"]
    own = names[~is_gt] if not is_gt.all() else names
    return tuple(sorted(str(name) for name in own.unique()))


def _spread(grid: Grid, recorded: Grid | None) -> Grid:
    """SD (ddof 1) over the wanted contrasts of each session; NaN where one is missing or fewer than two."""
    sessions = [str(name) for name in dict.fromkeys(grid.sessions)]
    shape = (len(grid.runs), len(grid.people), len(sessions))
    values, present, missed = np.full(shape, np.nan), np.zeros(shape, bool), np.zeros(shape, bool)
    wanted = grid.wanted
    for k, session in enumerate(sessions):
        own = grid.sessions == session
        counted, number = wanted[:, own], wanted[:, own].sum(axis=1)
        part = np.where(counted, grid.values[:, :, own], 0.0)
        mean = part.sum(axis=2, keepdims=True) / np.maximum(number, 1)[None, :, None]
        squares = np.where(counted, (part - mean) ** 2, 0.0).sum(axis=2)
        values[:, :, k] = np.where(number >= 2, np.sqrt(squares / np.maximum(number - 1, 1)), np.nan)
        present[:, :, k] = grid.present[:, :, own].any(axis=2)
        missed[:, :, k] = (grid.missed[:, :, own] & counted).any(axis=2)
    if recorded is not None:
        values[_refused(grid, recorded, sessions)] = np.nan
    every = np.full(len(sessions), "all")
    return Grid(
        grid.runs, grid.methods, grid.people, np.array(sessions), every, values, present, missed, grid.without
    )


def _refused(grid: Grid, recorded: Grid, sessions: list[str]) -> npt.NDArray[np.bool_]:
    """Where the spread was written as missing beside the measures: someone judged it so."""
    refused = np.zeros((len(grid.runs), len(grid.people), len(sessions)), bool)
    at = {
        (run, str(method)): i
        for i, (run, method) in enumerate(zip(recorded.runs, recorded.methods, strict=True))
    }
    place = {str(name): i for i, name in enumerate(recorded.sessions)}
    lacking = recorded.present & ~np.isfinite(recorded.values)
    for i, key in enumerate(zip(grid.runs, map(str, grid.methods), strict=True)):
        for k, session in enumerate(sessions):
            if key in at and session in place:
                refused[i, :, k] = lacking[at[key], :, place[session]]
    return refused


def check_contrasts(found: Measured, asked: Collection[str], name: str) -> None:
    """Raise where a question is about a contrast that nobody measured."""
    known = list(dict.fromkeys(str(contrast) for contrast in found.base.contrasts))
    unknown = [contrast for contrast in asked if contrast not in known]
    if unknown:
        what = f"nobody measured its contrast {', '.join(unknown)}"
        raise DataError(name, what, f"Measured: {', '.join(known)}")
