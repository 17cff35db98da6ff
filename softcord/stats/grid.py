"""One metric as a grid of runs, participants and images, whose missing cells can say why they are missing."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.errors import DataError
from softcord.stats.frames import GROUND_TRUTH_PREFIX

FloatArray = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]
_REASONS_AT_MOST = 3


@dataclass(frozen=True)
class Grid:
    """Values of one metric, shape (runs, participants, images); an image is a session's contrast.

    ``values`` is NaN where there is none; ``present`` says where there was a row, ``missed`` where no cord
    was found. ``methods`` names each run's method. ``people`` holds every participant of the data, also those
    without any row of this metric, who have their reason in ``without``.
    """

    runs: tuple[str, ...]
    methods: npt.NDArray[np.str_]
    people: tuple[str, ...]
    sessions: npt.NDArray[np.str_]
    contrasts: npt.NDArray[np.str_]
    values: FloatArray
    present: BoolArray
    missed: BoolArray
    without: dict[str, str]

    @cached_property
    def tested(self) -> BoolArray:
        """Which runs are a method's; the others are the ground truth's."""
        return ~np.char.startswith(self.methods, GROUND_TRUTH_PREFIX)

    @cached_property
    def wanted(self) -> BoolArray:
        """Images that some method has a value of, shape (participants, images): all others must have them.

        A method alone must have those in which it found no cord, too: with fewer contrasts, one that fails
        would look steadier than one that does not.
        """
        judges = self.tested if self.tested.any() else np.ones(len(self.runs), bool)
        has_value = np.isfinite(self.values[judges]).any(axis=0)
        is_alone = len(set(self.methods[judges])) == 1
        return np.asarray(has_value | self.missed[judges].any(axis=0) if is_alone else has_value)

    def names(self) -> list[str]:
        """Return the methods, the ground truth's included."""
        return list(dict.fromkeys(str(name) for name in self.methods))

    def of(self, method: str) -> npt.NDArray[np.int64]:
        """Return the places of a method's runs."""
        return np.flatnonzero(self.methods == method)

    def contrasts_of(self, method: str) -> tuple[str, ...]:
        """Return the contrasts that a method was tested on, those it failed on included."""
        seen = self.present[self.of(method)].any(axis=(0, 1))
        return tuple(dict.fromkeys(str(name) for name in self.contrasts[seen]))

    def over(self, contrasts: Collection[str]) -> "Grid":
        """Return the grid of some contrasts."""
        kept = np.isin(self.contrasts, list(contrasts))
        return replace(
            self,
            sessions=self.sessions[kept],
            contrasts=self.contrasts[kept],
            values=self.values[:, :, kept],
            present=self.present[:, :, kept],
            missed=self.missed[:, :, kept],
        )


def grid_of(
    rows: pd.DataFrame, people: Sequence[str], missed: pd.MultiIndex, without: dict[str, str]
) -> Grid:
    """Lay out rows of one metric at one level.

    Args:
        rows: tidy rows.
        people: all participants of the data.
        missed: images whose value says nothing (:func:`softcord.stats.missed.missed_cords`).
        without: why a participant has no row.

    Raises:
        DataError: one image of one run has two values.
    """
    keys = ["run", "method", "participant_id", "session_id", "contrast"]
    values = rows["value"].to_numpy(dtype=np.float64)
    runs, run_names = _numbered(rows, "run", "method")
    images, image_names = _numbered(rows, "session_id", "contrast")
    place = {name: i for i, name in enumerate(people)}
    person, names = pd.factorize(rows["participant_id"])
    who = np.array([place.get(str(name), -1) for name in names], int)[person]
    known = who >= 0  # the ground truth may have more participants than were tested
    shape = (len(run_names), len(people), len(image_names))
    grid, present = np.full(shape, np.nan), np.zeros(shape, bool)
    lost = np.zeros(shape, bool)
    at = (runs[known], who[known], images[known])
    if len(missed):
        is_lost = pd.MultiIndex.from_frame(rows[keys].astype(str)).isin(missed)
        lost[at] = is_lost[known]
        values = np.where(is_lost, np.nan, values)
    grid[at] = values[known]
    present[at] = True
    _refuse_contradictions(rows, grid[at], values[known], known)
    return Grid(
        runs=tuple(run for run, _ in run_names),
        methods=np.array([method for _, method in run_names], np.str_),
        people=tuple(people),
        sessions=np.array([session for session, _ in image_names], np.str_),
        contrasts=np.array([contrast for _, contrast in image_names], np.str_),
        values=grid,
        present=present,
        missed=lost,
        without=without,
    )


def _numbered(
    rows: pd.DataFrame, first: str, second: str
) -> tuple[npt.NDArray[np.int64], list[tuple[str, str]]]:
    """Number the distinct pairs of two columns, sorted by name."""
    a, a_names = pd.factorize(rows[first])
    b, b_names = pd.factorize(rows[second])
    both, codes = np.unique(a * len(b_names) + b, return_inverse=True)
    names = [(str(a_names[k // len(b_names)]), str(b_names[k % len(b_names)])) for k in both]
    order = sorted(range(len(names)), key=names.__getitem__)
    rank = np.empty(len(names), int)
    rank[order] = np.arange(len(names))
    return rank[codes], [names[k] for k in order]


def _refuse_contradictions(rows: pd.DataFrame, kept: FloatArray, given: FloatArray, known: BoolArray) -> None:
    # The later of two rows was kept: where it is not what a row says, there are two.
    differ = ~((kept == given) | (np.isnan(kept) & np.isnan(given)))
    if differ.any():
        row = rows[known].iloc[int(np.flatnonzero(differ)[0])]
        what = (
            f"{row['run']} has two values of {row['metric']} for {row['participant_id']} {row['contrast']}, "
            f"{given[differ][0]:g} and {kept[differ][0]:g}"
        )
        raise DataError("measures", what, "Remove one of the rows, or name the runs differently")


def means_by_contrast(grid: Grid, own: npt.NDArray[np.int64]) -> tuple[FloatArray, BoolArray, list[str]]:
    """Return the mean of some runs, and of sessions, per contrast, shape (participants, contrasts).

    NaN where an image that is wanted lacks a value in any run. With it: whether an image was wanted at all,
    and the contrasts' names.
    """
    values, wanted = grid.values[own], grid.wanted
    names = list(dict.fromkeys(str(name) for name in grid.contrasts))
    means = np.full((len(grid.people), len(names)), np.nan)
    asked = np.zeros(means.shape, bool)
    for k, name in enumerate(names):
        own = grid.contrasts == name
        counted = wanted[:, own]
        total = np.where(counted, values[:, :, own], 0.0).sum(axis=2).mean(axis=0)  # NaN where one is missing
        number = counted.sum(axis=1)
        asked[:, k] = number > 0
        means[:, k] = np.where(number > 0, total / np.maximum(number, 1), np.nan)
    return means, asked, names


def means_by_participant(grid: Grid, method: str) -> FloatArray:
    """Return a method's mean over contrasts per participant; NaN where any wanted image is missing."""
    return _mean_of_wanted(grid, grid.of(method))


def means_by_run(grid: Grid, method: str) -> FloatArray:
    """Return the same for each of a method's runs, shape (runs, participants)."""
    return np.stack([_mean_of_wanted(grid, np.array([run])) for run in grid.of(method)])


def _mean_of_wanted(grid: Grid, own: npt.NDArray[np.int64]) -> FloatArray:
    """Mean over the contrasts that are wanted; NaN where one is missing, or nothing is wanted."""
    means, asked, _ = means_by_contrast(grid, own)
    number = asked.sum(axis=1)
    total = np.where(asked, means, 0.0).sum(axis=1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def reason(grid: Grid, method: str, person: int) -> str:
    """Say why a participant has no value of a method; an empty text where it has one."""
    own = grid.of(method)
    if grid.people[person] in grid.without:
        return grid.without[grid.people[person]]
    if not grid.present[own, person].any():
        return f"{method}: not measured"
    wanted = grid.wanted[person]
    if not wanted.any():
        return "no method has a value"
    words = []
    for run in own:
        for image in np.flatnonzero(wanted & ~np.isfinite(grid.values[run, person])):
            name = _image_name(grid, int(image))
            why = "no row" if not grid.present[run, person, image] else "n/a"
            why = "no cord found" if grid.missed[run, person, image] else why
            words.append(f"{name} {why}" if len(own) == 1 else f"{name} {why} in {grid.runs[run]}")
    more = [f"{len(words) - _REASONS_AT_MOST} more"] if len(words) > _REASONS_AT_MOST else []
    return f"{method}: {', '.join(words[:_REASONS_AT_MOST] + more)}" if words else ""


def _image_name(grid: Grid, image: int) -> str:
    contrast, session = str(grid.contrasts[image]), str(grid.sessions[image])
    contrast = "" if contrast in ("all", "n/a") else contrast
    session = "" if session in ("", "n/a") else session
    return " ".join(part for part in (session, contrast) if part) or "its value"
