"""Wilcoxon signed-rank test for many pairs at once, exact wherever that is possible."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

FloatArray = npt.NDArray[np.float64]
Alternative = Literal["two-sided", "greater", "less"]

# R's wilcox.test and SciPy both leave the exact distribution at about this n; R's limit is used.
EXACT_BELOW = 50
# With tied or zero differences the exact distribution is enumerated up to this n, as SciPy >= 1.15 does.
EXACT_WITH_TIES_UP_TO = 13
# Decimals beyond a table's largest value that are kept: what is below is rounding, not a difference.
DIGITS = 12


@dataclass(frozen=True)
class SignedRank:
    """One entry per pair of conditions.

    ``statistic``: sum of the ranks of the positive differences (R's V). ``n``: complete pairs. ``zeros``: how
    many of them do not differ. ``rank_biserial``: -1 (always below) to 1 (always above). ``smallest_p``: the
    smallest p that this n, with these ties, can give. ``critical``: the largest rank sum that is significant
    at 0.05, two-sided; NaN where none is. ``rule``: how p was made.
    """

    statistic: FloatArray
    p: FloatArray
    n: npt.NDArray[np.int64]
    zeros: npt.NDArray[np.int64]
    rank_biserial: FloatArray
    smallest_p: FloatArray
    critical: FloatArray
    rule: tuple[str, ...]


def without_rounding(differences: FloatArray, largest: float) -> FloatArray:
    """Round differences to what the values they are made of can tell: noise of 1e-16 is no difference.

    ``largest``: the largest absolute value that was subtracted.
    """
    if not np.isfinite(largest) or largest <= 0:
        return differences
    return np.round(differences, DIGITS - 1 - int(np.floor(np.log10(largest))))


def signed_rank(
    differences: npt.ArrayLike, exact: bool | None = None, alternative: Alternative = "two-sided"
) -> SignedRank:
    """Test whether paired differences are symmetric about zero.

    Args:
        differences: shape (pairs, n) or (n,), first minus second condition; NaN marks a missing pair.
        exact: None decides as below; False always takes the normal approximation (with continuity and tie
            correction, R's ``wilcox.test(exact = FALSE)``).
        alternative: which tail of the rank sum counts, as in R.

    Zero differences are dropped before ranking (Wilcoxon's own rule; R's and SciPy's default). Without ties
    and zeros p is exact for n < 50 (as R). With them, R falls back to the normal approximation at any n,
    whose p can lie below the smallest that n signs allow; here p is exact over all 2^n signs up to n = 13.
    If all differences are zero, p is 1 (R gives NaN).
    """
    d = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    counted = np.isfinite(d) & (d != 0)
    ranks = np.where(counted, rankdata(np.where(counted, np.abs(d), np.inf), axis=1), 0.0)
    n = np.isfinite(d).sum(axis=1)
    used = counted.sum(axis=1)
    positive = np.where(d > 0, ranks, 0.0).sum(axis=1)
    total = used * (used + 1) / 2
    tied = ((ranks**2).sum(axis=1) < used * (used + 1) * (2 * used + 1) / 6 - 1e-9) | (used < n)
    found = np.ones((len(d), 3))
    rules = []
    for i in range(len(d)):
        null = _Null(ranks[i][counted[i]], _rule(int(used[i]), bool(tied[i]), exact))
        found[i] = null.p(positive[i], alternative), null.p(0.0, "two-sided"), null.critical()
        rules.append(null.rule)
    biserial = np.where(used > 0, (2 * positive - total) / np.maximum(total, 1), 0.0)
    p, smallest, critical = found.T
    return SignedRank(positive, p, n, n - used, biserial, smallest, critical, tuple(rules))


def smallest_p(n: int) -> float:
    """Return the smallest two-sided p that n untied pairs can give: 2^(1 - n), so 0.0625 for n = 5."""
    return float(min(1.0, 2.0 ** (1 - n)))


def _rule(used: int, tied: bool, exact: bool | None) -> str:
    if used == 0:
        return "all differences are zero"
    if exact is False:
        return "normal approximation"
    if not tied and used < EXACT_BELOW:
        return "exact"
    if tied and used <= EXACT_WITH_TIES_UP_TO:
        return "exact with ties"
    return "normal approximation"


@dataclass(frozen=True)
class _Null:
    """How the sum of positive ranks is distributed if every sign is as likely as the other."""

    ranks: FloatArray
    rule: str

    def p(self, positive: float, alternative: Alternative) -> float:
        """p of one rank sum."""
        if self.rule == "all differences are zero":
            return 1.0
        if self.rule == "normal approximation":
            return _normal_p(positive, self.ranks, alternative)
        below = _cumulated(self._doubled())
        at = round(2 * positive)
        less, greater = below[at], below[len(below) - 1 - at]  # the distribution is symmetric
        tails = {"less": less, "greater": greater, "two-sided": min(1.0, 2 * min(less, greater))}
        return float(tails[alternative])

    def critical(self, alpha: float = 0.05) -> float:
        """Largest rank sum whose two-sided p is below alpha; NaN if there is none."""
        if not len(self.ranks):
            return np.nan
        if self.rule == "normal approximation":
            half = self.ranks.sum() / 2
            # Rank sums are multiples of a half.
            below = np.ceil(2 * (half - 0.5 - _upper_point(alpha / 2) * _spread(self.ranks))) - 1
            return float(below / 2) if below >= 0 else np.nan
        places = np.flatnonzero(2 * _cumulated(self._doubled()) < alpha)
        return float(places[-1] / 2) if len(places) else np.nan

    def _doubled(self) -> tuple[int, ...]:
        # Doubled, midranks are whole numbers and their sum can be counted.
        # Without ties they are 2, 4, ..., 2n whatever the data, so the count is made once per n.
        if self.rule == "exact with ties":
            return tuple(np.sort(np.rint(2 * self.ranks)).astype(int).tolist())
        return tuple(range(2, 2 * len(self.ranks) + 1, 2))


@cache
def _cumulated(weights: tuple[int, ...]) -> FloatArray:
    """Probability of each sum of positive weights or less over all 2^n signs (exact up to n = 53)."""
    counts = np.zeros(sum(weights) + 1)
    counts[0] = 1
    for weight in weights:
        counts[weight:] += counts[:-weight].copy()
    return np.asarray(counts.cumsum() / counts.sum())


@cache
def _upper_point(share: float) -> float:
    return float(norm.isf(share))


def _spread(ranks: FloatArray) -> float:
    # The sum of squared midranks holds the tie correction: sum(r^2) / 4 = n(n+1)(2n+1)/24 - sum(t^3-t)/48.
    return float(np.sqrt((ranks**2).sum() / 4))


def _normal_p(positive: float, ranks: FloatArray, alternative: Alternative) -> float:
    distance = positive - ranks.sum() / 2
    if alternative == "two-sided":
        return float(min(1.0, 2 * norm.sf((abs(distance) - 0.5) / _spread(ranks))))
    sign = 1.0 if alternative == "greater" else -1.0
    return float(norm.sf((sign * distance - 0.5) / _spread(ranks)))
