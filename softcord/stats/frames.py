"""Which rows of tidy measures a question is about, and what is paired in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from softcord.errors import DataError
from softcord.stats.kept import kept

Unit = Literal["participant", "pooled"]
PAPER_LEVEL = "2:3"
# The ground truth's own CSA is measured too; it is drawn beside the methods, never tested as one.
GROUND_TRUTH_PREFIX = "GT_"


@dataclass(frozen=True)
class Frame:
    """Complete pairs: ``values`` has a row per participant, a column per condition and no missing value;
    ``dropped`` names the participants that had one."""

    values: pd.DataFrame
    dropped: tuple[str, ...]


def at_level(measures: pd.DataFrame, metric: str, level: str = PAPER_LEVEL) -> pd.DataFrame:
    """Return the rows of one metric at one vertebral level.

    Rows at ``level`` if there are any, else those without levels (``all`` or ``n/a``).

    Raises:
        DataError: nobody measured the metric at that level, or every value is missing.
    """
    rows = measures[measures["metric"] == metric]
    if rows.empty:
        known = ", ".join(sorted({str(name) for name in measures["metric"].unique()}))
        raise DataError(metric, "nobody measured this metric", f"Measured: {known or 'nothing'}")
    found = rows[rows["level"] == level]
    if found.empty:
        found = rows[rows["level"].isin(["all", "n/a"])]
    if found.empty:
        levels = ", ".join(sorted({str(name) for name in rows["level"].unique()}))
        raise DataError(metric, f"was not measured at level {level}", f"Measured at: {levels}")
    if found["value"].isna().all():
        raise DataError(metric, "every value is missing", "Look at the runs' logs for why")
    return found


@kept
def is_measured(measures: pd.DataFrame, metric: str, level: str = PAPER_LEVEL) -> bool:
    """Say whether :func:`at_level` has any value of the metric."""
    try:
        at_level(measures, metric, level)
    except DataError:
        return False
    return True


@kept
def is_ground_truth(measures: pd.DataFrame) -> "pd.Series[bool]":
    """Say which rows are the ground truth's own."""
    names = [name for name in measures["method"].unique() if str(name).startswith(GROUND_TRUTH_PREFIX)]
    return measures["method"].isin(names)


def comparable_spread(measures: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Blank a spread of fewer contrasts than another method's of the same participant, session and level.

    A method that failed on the hardest contrast would otherwise look the steadiest. The ground truth has all
    contrasts and is no measure of what the methods were tested on.
    """
    count_metric = metric.replace("_std_mm2", "_std_contrasts")
    if count_metric == metric:
        return measures
    counts = measures[(measures["metric"] == count_metric) & ~is_ground_truth(measures)]
    if counts.empty:
        return measures
    keys = ["method", "run", "participant_id", "session_id", "level"]
    most = counts.groupby(["participant_id", "session_id", "level"], observed=True)["value"].transform("max")
    short = counts.loc[counts["value"] < most, keys]
    if short.empty:
        return measures
    is_short = pd.MultiIndex.from_frame(measures[keys]).isin(pd.MultiIndex.from_frame(short))
    blanked = measures["value"].mask(is_short & (measures["metric"] == metric).to_numpy())
    return measures.assign(value=blanked)


def complete_pairs(wide: pd.DataFrame, columns: Sequence[str] | None = None) -> Frame:
    """Keep the rows without a missing value in ``columns`` (default all) and name the others."""
    chosen = wide if columns is None else wide[list(columns)]
    complete = chosen.notna().to_numpy().all(axis=1)
    kept, left_out = np.flatnonzero(complete), np.flatnonzero(~complete)
    return Frame(chosen.iloc[kept], tuple(str(name) for name in chosen.index[left_out]))


def tested_methods(names: Sequence[str]) -> list[str]:
    """Return the methods that are tested against each other: all but the ground truth's own rows."""
    return [name for name in names if not name.startswith(GROUND_TRUTH_PREFIX)]
