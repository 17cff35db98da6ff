"""Bland-Altman: mean difference and 95% limits of agreement, each with its confidence interval."""

from dataclasses import dataclass
from functools import cache
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import nct, t

# 95% of normal differences lie within this many SDs of their mean.
LIMIT_SDS = 1.96


@dataclass(frozen=True)
class Limits:
    """A number with its 95% confidence interval, in the unit of what was measured."""

    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True)
class BlandAltman:
    """Bias (mean difference) and the limits within which 95% of differences are expected."""

    n: int
    bias: Limits
    lower: Limits
    upper: Limits


def bland_altman(differences: npt.ArrayLike, confidence: float = 0.95) -> BlandAltman:
    """Describe complete differences, shape (n,), n >= 2.

    The bias has the t interval. A limit of agreement is a quantile of a normal distribution; its interval is
    exact, from the noncentral t distribution, where the formula of Bland and Altman (1986) is an
    approximation that is too narrow for small n.

    Raises:
        ValueError: fewer than two differences.

    Source: Carkeet 2015, Optometry and Vision Science 92(3):e71, doi 10.1097/OPX.0000000000000513.

    >>> result = bland_altman([0.2, -0.1, 0.4, 0.3, 0.0])
    >>> round(result.bias.value, 2), round(result.lower.value, 2), round(result.upper.value, 2)
    (0.16, -0.25, 0.57)
    """
    d = np.asarray(differences, dtype=np.float64)
    n = len(d)
    if n < 2:
        raise ValueError("differences: need at least 2")
    bias, sd = float(d.mean()), float(d.std(ddof=1))
    half = float(t.ppf((1 + confidence) / 2, n - 1)) * sd / sqrt(n)
    near, far = limit_factors(n, confidence)
    return BlandAltman(
        n=n,
        bias=Limits(bias, bias - half, bias + half),
        lower=Limits(bias - LIMIT_SDS * sd, bias - far * sd, bias - near * sd),
        upper=Limits(bias + LIMIT_SDS * sd, bias + near * sd, bias + far * sd),
    )


@cache
def limit_factors(n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Return how many SDs from the bias the interval of a limit begins and ends, for n differences."""
    tails = ((1 - confidence) / 2, (1 + confidence) / 2)
    near, far = (float(nct.ppf(tail, n - 1, LIMIT_SDS * sqrt(n))) / sqrt(n) for tail in tails)
    return near, far
