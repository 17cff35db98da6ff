"""Mean and standard deviation over participants, per method and per contrast."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from softcord.errors import DataError
from softcord.stats.frames import PAPER_LEVEL, Unit
from softcord.stats.kept import kept
from softcord.stats.measured import measured
from softcord.stats.wide import by_method, contrast_values

COLUMNS = ("method", "contrast", "metric", "n", "mean", "sd")


def describe(
    measures: pd.DataFrame, metrics: Sequence[str], level: str = PAPER_LEVEL, unit: Unit = "participant"
) -> pd.DataFrame:
    """Mean ± SD (ddof 1) per method, over each participant's mean over contrasts.

    ``unit="pooled"`` describes the images instead, as the paper's Table 2 does. Metrics that nobody
    measured are left out.

    Returns:
        Columns method, contrast (``all``), metric, n, mean, sd; a row per method and metric.
    """
    tables = (_described(measures, metric, level, unit) for metric in metrics)
    return _stack([table for table in tables if table is not None])


def describe_contrasts(
    measures: pd.DataFrame, metrics: Sequence[str], level: str = PAPER_LEVEL
) -> pd.DataFrame:
    """Mean ± SD (ddof 1) over participants per method and contrast, as the paper's Table 1.

    Returns:
        Columns as :func:`describe`; a row per method, contrast and metric.
    """
    rows: list[tuple[object, ...]] = []
    for metric in metrics:
        try:
            found = measured(measures, metric, level)
        except DataError:
            continue
        for method, names, values in contrast_values(found):
            # By hand: of a thousand small tables, pandas would take several times as long.
            n = np.isfinite(values).sum(axis=0)
            mean = np.nansum(values, axis=0) / n
            squares = np.nansum((values - mean) ** 2, axis=0)
            sd = np.where(n > 1, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)
            rows += [(method, *row[:1], metric, *row[1:]) for row in zip(names, n, mean, sd, strict=True)]
    return pd.DataFrame(rows, columns=list(COLUMNS))


@kept
def _described(measures: pd.DataFrame, metric: str, level: str, unit: Unit) -> pd.DataFrame | None:
    try:
        wide = by_method(measured(measures, metric, level), unit)
    except DataError:
        return None
    return _moments(wide, metric).assign(contrast="all")


def _moments(wide: pd.DataFrame, metric: str) -> pd.DataFrame:
    moments = pd.DataFrame({"n": wide.count(), "mean": wide.mean(), "sd": wide.std(ddof=1)})
    return moments[moments["n"] > 0].reset_index().assign(metric=metric)


def _stack(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    if not tables:
        return pd.DataFrame(columns=list(COLUMNS))
    return pd.concat(tables, ignore_index=True)[list(COLUMNS)]
