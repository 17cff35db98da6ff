"""Friedman's test: the rank version of the repeated-measures ANOVA."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, rankdata


@dataclass(frozen=True)
class Friedman:
    """Result of :func:`friedman`; ``kendall_w`` is the agreement of the rankings, 0 to 1."""

    n: int
    statistic: float
    df: int
    p: float
    kendall_w: float


def friedman(values: npt.ArrayLike) -> Friedman:
    """Test whether conditions differ in rank, shape (participants, conditions), complete, ties corrected.

    The chi-squared approximation is R's ``friedman.test``. If every participant's values are all equal, the
    statistic is 0 and p is 1.

    Raises:
        ValueError: fewer than two participants or conditions, or a missing value.
    """
    x = np.asarray(values, dtype=np.float64)
    if x.ndim != 2 or min(x.shape) < 2 or not np.isfinite(x).all():
        raise ValueError(f"values: need a complete table of at least 2 by 2, got shape {x.shape}")
    n, k = x.shape
    ranks = rankdata(x, axis=1)
    between = n * float(((ranks.mean(axis=0) - (k + 1) / 2) ** 2).sum())
    within = float(((ranks - (k + 1) / 2) ** 2).sum()) / (n * (k - 1))
    statistic = between / within if within > 0 else 0.0
    return Friedman(n, statistic, k - 1, float(chi2.sf(statistic, k - 1)), statistic / (n * (k - 1)))
