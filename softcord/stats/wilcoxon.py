"""Two-sided Wilcoxon signed-rank test for many pairs at once, exact wherever that is possible."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.stats import norm, rankdata

FloatArray = npt.NDArray[np.float64]

# R's wilcox.test and SciPy both leave the exact distribution at about this n; R's limit is used.
EXACT_BELOW = 50
# With tied or zero differences the exact distribution is enumerated up to this n, as SciPy >= 1.15 does.
EXACT_WITH_TIES_UP_TO = 13


@dataclass(frozen=True)
class SignedRank:
    """One entry per pair of conditions.

    ``statistic``: sum of the ranks of the positive differences (R's V). ``p``: two-sided. ``n``: complete
    pairs. ``zeros``: how many of them do not differ. ``rank_biserial``: -1 (always below) to 1 (always
    above). ``rule``: how p was made.
    """

    statistic: FloatArray
    p: FloatArray
    n: npt.NDArray[np.int64]
    zeros: npt.NDArray[np.int64]
    rank_biserial: FloatArray
    rule: tuple[str, ...]


def signed_rank(differences: npt.ArrayLike, exact: bool | None = None) -> SignedRank:
    """Test whether paired differences are symmetric about zero.

    Args:
        differences: shape (pairs, n) or (n,), first minus second condition; NaN marks a missing pair.
        exact: None decides as below; False always takes the normal approximation (with continuity and tie
            correction, R's ``wilcox.test(exact = FALSE)``).

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
    p = np.ones(len(d))
    rules = []
    for i in range(len(d)):
        rule = _rule(int(used[i]), bool(tied[i]), exact)
        p[i] = _p_value(positive[i], ranks[i][counted[i]], rule)
        rules.append(rule)
    with np.errstate(invalid="ignore"):
        biserial = np.where(used > 0, (2 * positive - total) / np.maximum(total, 1), 0.0)
    return SignedRank(positive, p, n, n - used, biserial, tuple(rules))


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


def _p_value(positive: float, ranks: FloatArray, rule: str) -> float:
    if rule == "all differences are zero":
        return 1.0
    if rule == "normal approximation":
        return _normal_p(positive, ranks)
    # Doubled, midranks are whole numbers and their sum can be counted.
    # Without ties they are 2, 4, ..., 2n whatever the data, so the count is made once per n.
    ties = rule == "exact with ties"
    doubled = np.sort(np.rint(2 * ranks)) if ties else np.arange(2, 2 * len(ranks) + 1, 2)
    counts = _sum_counts(tuple(doubled.astype(int).tolist()))
    at = round(2 * positive)
    tail = min(counts[: at + 1].sum(), counts[at:].sum()) / counts.sum()
    return float(min(1.0, 2 * tail))


@cache
def _sum_counts(weights: tuple[int, ...]) -> FloatArray:
    """How many of the 2^n sign patterns give each sum of positive weights (exact in float64 up to n = 53)."""
    counts = np.zeros(sum(weights) + 1)
    counts[0] = 1
    for weight in weights:
        counts[weight:] += counts[:-weight].copy()
    return counts


def _normal_p(positive: float, ranks: FloatArray) -> float:
    # The sum of squared midranks holds the tie correction: sum(r^2) / 4 = n(n+1)(2n+1)/24 - sum(t^3-t)/48.
    distance = positive - ranks.sum() / 2
    z = (distance - 0.5 * np.sign(distance)) / np.sqrt((ranks**2).sum() / 4)
    return float(min(1.0, 2 * norm.sf(abs(z))))
