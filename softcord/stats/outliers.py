"""Values that lie far from the others of their column."""

from collections.abc import Collection, Hashable, Iterator

import numpy as np
import pandas as pd

from softcord.errors import DataError
from softcord.stats.frames import PAPER_LEVEL, tested_methods
from softcord.stats.measured import measured
from softcord.stats.wide import by_method

# Quartiles of fewer values say little.
TOLD_FROM = 5
FENCE_IQRS = 1.5
NAMED_AT_MOST = 2


def outliers(column: "pd.Series[float]", at_most: int = NAMED_AT_MOST) -> list[Hashable]:
    """Name the values beyond Tukey's fences, 1.5 interquartile ranges from the quartiles, farthest first.

    >>> outliers(pd.Series([1.0, 1.1, 1.2, 1.3, 9.0], index=list("abcde")))
    ['e']
    """
    known = column.dropna().astype(float)
    if len(known) < TOLD_FROM:
        return []
    low, high = np.quantile(known, (0.25, 0.75))
    reach = FENCE_IQRS * (high - low)
    beyond = np.maximum(low - reach - known, known - high - reach)
    far = beyond[beyond > 0].sort_values(ascending=False, kind="stable")
    return list(far.index[:at_most]) if reach > 0 else []


def outlying_people(
    measures: pd.DataFrame, metrics: Collection[str], level: str = PAPER_LEVEL
) -> Iterator[tuple[str, str]]:
    """Yield (participant, method) of the outliers in some metrics; metrics that nobody measured have none."""
    for metric in dict.fromkeys(metrics):
        try:
            wide = by_method(measured(measures, metric, level))
        except DataError:
            continue
        for method in tested_methods(list(wide.columns)):
            for name in outliers(wide[method]):
                yield str(name), method
