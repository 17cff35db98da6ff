"""By how much two conditions differ: the typical (Hodges-Lehmann) and the mean difference."""

from dataclasses import dataclass
from functools import cache, lru_cache
from math import floor, isnan, nan

import numpy as np
import numpy.typing as npt
from scipy.stats import t

FloatArray = npt.NDArray[np.float64]
# The fewest pairs of which a 95% signed-rank interval exists.
INTERVALS_FROM = 6


@dataclass(frozen=True)
class Shift:
    """A difference with its 95% interval; NaN where there is none."""

    estimate: float
    low: float
    high: float


def typical_shift(differences: npt.ArrayLike, critical: float) -> Shift:
    """Hodges-Lehmann shift of the differences that are not zero, with the signed-rank interval.

    The shift is the median of the Walsh averages, the means of all pairs of differences. The interval holds
    every shift that the test does not reject, so that it excludes zero exactly when p < 0.05; only where
    tied differences cancel can a bound be zero itself. Like the test, it leaves zero differences out.

    Args:
        differences: shape (n,), finite.
        critical: the largest significant rank sum of the test that was made
            (:attr:`softcord.stats.wilcoxon.SignedRank.critical`); NaN where no rank sum is significant, and
            hence no 95% interval exists.

    Source: Hollander, Wolfe and Chicken 2014, Nonparametric Statistical Methods, sections 3.2 and 3.3; R's
    ``wilcox.test(conf.int = TRUE)`` where it is exact.

    >>> typical_shift([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], critical=0.0)
    Shift(estimate=3.5, low=1.0, high=6.0)
    """
    d = np.asarray(differences, dtype=np.float64)
    d = d[d != 0]
    if not len(d):
        return Shift(0.0, nan, nan)
    first, second = _pairs(len(d))
    walsh = np.sort((d[first] + d[second]) / 2)
    middle = len(walsh) // 2
    estimate = float(walsh[middle] if len(walsh) % 2 else (walsh[middle - 1] + walsh[middle]) / 2)
    if isnan(critical):
        return Shift(estimate, nan, nan)
    k = floor(critical)
    return Shift(estimate, float(walsh[k]), float(walsh[-1 - k]))


@lru_cache(maxsize=8)  # of 1,500 pooled images one takes 18 MB
def _pairs(n: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return the places of all pairs of n values, each with itself too."""
    first, second = np.triu_indices(n)
    return first, second


@cache
def t_975(df: int) -> float:
    """Return the upper 2.5 % point of Student's t: comparisons ask for few degrees of freedom, but often."""
    return float(t.ppf(0.975, df))


def mean_shift(differences: npt.ArrayLike) -> Shift:
    """Mean difference of all pairs with its interval by Student's t.

    NaN bounds below six pairs, where no signed-rank interval exists either: two answers of which one seems
    sure would mislead.
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    if not n:
        return Shift(nan, nan, nan)
    mean = float(d.mean())
    if n < INTERVALS_FROM:
        return Shift(mean, nan, nan)
    half = t_975(n - 1) * float(d.std(ddof=1)) / np.sqrt(n)
    return Shift(mean, mean - half, mean + half)


def makers_of_the_mean(differences: npt.ArrayLike, direction: float) -> int:
    """Say how few participants make the mean point against ``direction``; 0 where it does not.

    Without those with the largest differences against it, the sum is zero or points with it.
    """
    d = np.asarray(differences, dtype=np.float64) * np.sign(direction)
    total = float(d.sum())
    if not total < 0:
        return 0
    left = total - np.cumsum(np.sort(d))
    return int(np.argmax(left >= 0)) + 1
