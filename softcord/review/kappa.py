"""How well two raters agree, beyond what chance would give: Cohen's kappa."""

from collections.abc import Iterable
from itertools import combinations

import numpy as np
import pandas as pd
from statsmodels.stats.inter_rater import cohens_kappa

from softcord.report.rating_words import RATINGS
from softcord.review.ratings import Rating


def kappas(ratings: Iterable[Rating]) -> pd.DataFrame:
    """Return Cohen's kappa of each two raters over the masks that both rated.

    Columns: a, b, n, agree_pct, kappa, ci_low, ci_high. Kappa is NaN where both gave one and the same
    rating only: there is nothing to agree beyond chance on.
    """
    rows = pd.DataFrame([(one.mask, one.rater, one.rating) for one in ratings if one.rating])
    found = []
    if len(rows):
        wide = rows.pivot(index=0, columns=1, values=2)
        found = [_kappa(wide, a, b) for a, b in combinations(sorted(map(str, wide)), 2)]
    columns = pd.Index(["a", "b", "n", "agree_pct", "kappa", "ci_low", "ci_high"])
    return pd.DataFrame([row for row in found if row[2]], columns=columns)


def _kappa(wide: pd.DataFrame, a: str, b: str) -> tuple[str, str, int, float, float, float, float]:
    both = wide[[a, b]].dropna()
    counts = np.zeros((len(RATINGS), len(RATINGS)))
    for x, y in both.to_numpy():
        counts[RATINGS.index(x), RATINGS.index(y)] += 1
    n = len(both)
    agree = 100 * np.trace(counts) / n if n else np.nan
    if n < 2 or (counts > 0).any(axis=1).sum() == (counts > 0).any(axis=0).sum() == 1:
        return a, b, n, agree, np.nan, np.nan, np.nan
    with np.errstate(divide="ignore", invalid="ignore"):
        result = cohens_kappa(counts)
    return a, b, n, agree, float(result.kappa), float(result.kappa_low), float(result.kappa_upp)
