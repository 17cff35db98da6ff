"""Spread of repeated scans of the same person: SD, coefficient of variation, repeatability."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

FloatArray = npt.NDArray[np.float64]
# Two scans of one person differ by less than this many within-person SDs in 95% of people: 1.96 sqrt(2).
REPEATABILITY_SDS = 1.96 * sqrt(2)


@dataclass(frozen=True)
class WithinPerson:
    """Within-person spread of ``n`` people with ``scans`` scans in all.

    ``sd`` is in the unit of what was measured, ``cv_pct`` a percentage of the value (NaN where a value is
    not above 0); each with its 95% confidence interval. ``df`` counts what the SD rests on.
    """

    n: int
    scans: int
    df: int
    mean: float
    sd: float
    sd_low: float
    sd_high: float
    cv_pct: float
    cv_low_pct: float
    cv_high_pct: float


def within_person(values: npt.ArrayLike, people: npt.ArrayLike, confidence: float = 0.95) -> WithinPerson:
    """Measure the spread of repeated scans; people may have different numbers of them.

    The SD is the root of the mean variance within people (one-way analysis of variance), with the
    chi-squared interval; a shift between first and second scan counts as spread. The coefficient of variation
    is that of a log-normal value, 100 sqrt(exp(SD of logs squared) - 1), with the interval carried over.

    Args:
        values: shape (scans,), complete.
        people: shape (scans,), who each scan is of; who has one scan adds nothing.
        confidence: of the intervals.

    Raises:
        ValueError: nobody has two scans.

    Source: Bland and Altman 1996, BMJ 313:744 (SD) and 313:106 (coefficient of variation from logs).

    >>> result = within_person([70.0, 71.0, 80.0, 79.0], ["sub-1", "sub-1", "sub-2", "sub-2"])
    >>> round(result.sd, 3), round(result.cv_pct, 2)
    (0.707, 0.95)
    """
    x = np.asarray(values, dtype=np.float64)
    _, who = np.unique(np.asarray(people), return_inverse=True)
    repeated = np.bincount(who)[who] > 1
    if not repeated.any():
        raise ValueError("people: nobody has two scans")
    x = x[repeated]
    _, who = np.unique(who[repeated], return_inverse=True)
    df = len(x) - int(who.max()) - 1
    sd = _pooled_sd(x, who, df)
    tails = ((1 + confidence) / 2, (1 - confidence) / 2)
    factors = np.array([1.0, *(sqrt(df / chi2.ppf(tail, df)) for tail in tails)])
    sds = sd * factors
    cvs = np.full(3, np.nan)
    if (x > 0).all():
        of_logs = _pooled_sd(np.log(x), who, df) * factors
        with np.errstate(over="ignore"):
            cvs = 100 * np.sqrt(np.expm1(of_logs**2))
    return WithinPerson(int(who.max()) + 1, len(x), df, float(x.mean()), *map(float, sds), *map(float, cvs))


def _pooled_sd(x: FloatArray, who: npt.NDArray[np.intp], df: int) -> float:
    means = np.bincount(who, weights=x) / np.bincount(who)
    return sqrt(float(((x - means[who]) ** 2).sum()) / df)
