"""Bring tidy measures into wide frames keyed by participant and contrast, complete pairs only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd

from softcord.errors import DataError

Unit = Literal["participant", "pooled"]
KEYS: dict[Unit, tuple[str, ...]] = {
    "participant": ("participant_id",),
    "pooled": ("participant_id", "contrast"),
}
PAPER_LEVEL = "2:3"
# The ground truth's own CSA is measured too; it is drawn beside the methods, never tested as one.
GROUND_TRUTH_PREFIX = "GT_"


@dataclass(frozen=True)
class Frame:
    """Complete pairs: ``values`` has a row per participant (or participant and contrast), a column per
    condition and no missing value; ``dropped`` names the rows that had one."""

    values: pd.DataFrame
    dropped: tuple[str, ...]


def rows_of(measures: pd.DataFrame, metric: str, level: str = PAPER_LEVEL) -> pd.DataFrame:
    """Return the rows of one metric at one vertebral level.

    Rows at ``level`` if there are any, else those without levels (``all`` or ``n/a``). Of the ground truth,
    only the images that some method was tested on.

    Raises:
        DataError: nobody measured the metric at that level, or every value is missing.
    """
    return _without_untested(_at_level(measures, metric, level))


def is_measured(measures: pd.DataFrame, metric: str, level: str = PAPER_LEVEL) -> bool:
    """Say whether :func:`rows_of` has any value of the metric."""
    try:
        _at_level(measures, metric, level)
    except DataError:
        return False
    return True


def _at_level(measures: pd.DataFrame, metric: str, level: str) -> pd.DataFrame:
    rows = measures[measures["metric"] == metric]
    if rows.empty:
        known = ", ".join(sorted({str(name) for name in measures["metric"].unique()}))
        raise DataError(metric, "nobody measured this metric", f"Measured: {known or 'nothing'}")
    at_level = rows[rows["level"] == level]
    if at_level.empty:
        at_level = rows[rows["level"].isin(["all", "n/a"])]
    if at_level.empty:
        levels = ", ".join(sorted({str(name) for name in rows["level"].unique()}))
        raise DataError(metric, f"was not measured at level {level}", f"Measured at: {levels}")
    if at_level["value"].isna().all():
        raise DataError(metric, "every value is missing", "Look at the runs' logs for why")
    return at_level


def comparable_spread(measures: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Blank a spread of fewer contrasts than another method's of the same participant, session and level.

    A method that failed on the hardest contrast would otherwise look the steadiest.
    """
    count_metric = metric.replace("_std_mm2", "_std_contrasts")
    if count_metric == metric:
        return measures
    counts = measures[measures["metric"] == count_metric]
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


def _without_untested(rows: pd.DataFrame) -> pd.DataFrame:
    """Drop the ground truth of images that no method was tested on: nothing stands beside it."""
    names = [name for name in rows["method"].unique() if str(name).startswith(GROUND_TRUTH_PREFIX)]
    is_gt = rows["method"].isin(names)
    if not is_gt.any() or is_gt.all():
        return rows
    keys = ["participant_id", "session_id", "contrast"]
    tested = pd.MultiIndex.from_frame(rows.loc[~is_gt, keys].drop_duplicates())
    kept = pd.MultiIndex.from_frame(rows.loc[is_gt, keys]).isin(tested)
    return pd.concat([rows[~is_gt], rows[is_gt][kept]])


def cells(rows: pd.DataFrame, keys: Sequence[str]) -> "pd.Series[float]":
    """Mean value per key over what is left (seeds, sessions); missing where any of those is missing."""
    grouped = rows.groupby(list(keys), observed=True)["value"]
    return grouped.mean().where(grouped.count() == grouped.size())


def by_method(rows: pd.DataFrame, unit: Unit = "participant") -> pd.DataFrame:
    """Return a row per participant (``pooled``: per image) and a column per method; seeds are averaged.

    A participant's value is the mean over the contrasts that any method was measured on; it is missing
    where a method lacks one of them, so no mean hides a failed image.
    """
    per_image = cells(rows, ["participant_id", "contrast", "method"]).unstack("method")
    if unit == "pooled":
        return per_image
    grouped = per_image.groupby(level="participant_id", observed=True)
    complete = grouped.count().eq(grouped.size(), axis=0)
    return grouped.mean().where(complete)


def by_contrast(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return, per method, a row per participant and a column per contrast; seeds are averaged."""
    per_image = cells(rows, ["method", "participant_id", "contrast"]).unstack("contrast")
    values = per_image.to_numpy(dtype=np.float64)
    people = per_image.index.get_level_values("participant_id")
    codes, methods = pd.factorize(per_image.index.get_level_values("method"))
    tables = {}
    # By hand, because a thousand of pandas' own groups take several times as long.
    for code, method in enumerate(methods):
        own = np.flatnonzero(codes == code)
        measured = np.flatnonzero(np.isfinite(values[own]).any(axis=0))
        tables[str(method)] = pd.DataFrame(
            values[np.ix_(own, measured)], index=people[own], columns=per_image.columns[measured]
        )
    return tables


def complete_pairs(wide: pd.DataFrame, columns: Sequence[str] | None = None) -> Frame:
    """Keep the rows without a missing value in ``columns`` (default all) and name the others."""
    chosen = wide if columns is None else wide[list(columns)]
    complete = chosen.notna().to_numpy().all(axis=1)
    kept, left_out = np.flatnonzero(complete), np.flatnonzero(~complete)
    return Frame(chosen.iloc[kept], tuple(row_name(key) for key in chosen.index[left_out]))


def row_name(key: object) -> str:
    """Write a row's key as one word: ``sub-01`` or ``sub-01/T1w``."""
    return "/".join(str(part) for part in key) if isinstance(key, tuple) else str(key)


def tested_methods(names: Sequence[str]) -> list[str]:
    """Return the methods that are tested against each other: all but the ground truth's own rows."""
    return [name for name in names if not name.startswith(GROUND_TRUTH_PREFIX)]
