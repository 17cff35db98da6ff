"""Percentile bootstrap intervals for many paired differences at once."""

from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Statistic = Literal["median", "mean"]
_PAIRS_AT_ONCE = 256


def bootstrap_ci(
    differences: npt.ArrayLike,
    statistic: Statistic = "median",
    *,
    confidence: float = 0.95,
    resamples: int = 5000,
    seed: int = 0,
) -> tuple[FloatArray, FloatArray]:
    """Confidence interval of the median or mean difference: participants are drawn with replacement.

    Args:
        differences: shape (pairs, n) or (n,); NaN marks a missing pair.
        statistic: what is resampled.
        confidence: coverage, 0 to 1.
        resamples: how many resamples; the same ones serve every pair with the same n.
        seed: the same seed gives the same interval.

    Returns:
        Lower and upper bounds, shape (pairs,); NaN where fewer than two pairs are left.
    """
    d = np.sort(np.atleast_2d(np.asarray(differences, dtype=np.float64)), axis=1)  # NaN goes last
    present = np.isfinite(d).sum(axis=1)
    low, high = np.full(len(d), np.nan), np.full(len(d), np.nan)
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    for n in np.unique(present[present >= 2]):
        weights = _weights(int(n), statistic, resamples, seed)
        rows = np.flatnonzero(present == n)
        for start in range(0, len(rows), _PAIRS_AT_ONCE):
            chunk = rows[start : start + _PAIRS_AT_ONCE]
            low[chunk], high[chunk] = _quantiles(d[chunk, :n], weights, tails)
    return low, high


@cache
def _weights(n: int, statistic: Statistic, resamples: int, seed: int) -> FloatArray | npt.NDArray[np.int64]:
    drawn = np.random.default_rng(seed).integers(0, n, size=(resamples, n))
    if statistic == "mean":
        return np.stack([np.bincount(row, minlength=n) for row in drawn]) / n
    # The k-th smallest of a resample of sorted values is the value at the k-th smallest index drawn.
    drawn.sort(axis=1)
    return drawn[:, [(n - 1) // 2, n // 2]]


def _quantiles(
    values: FloatArray, weights: FloatArray | npt.NDArray[np.int64], tails: tuple[float, float]
) -> FloatArray:
    if np.issubdtype(weights.dtype, np.integer):
        resampled = (values[:, weights[:, 0]] + values[:, weights[:, 1]]) / 2
    else:
        resampled = values @ weights.T
    return np.asarray(np.quantile(resampled, tails, axis=1))
