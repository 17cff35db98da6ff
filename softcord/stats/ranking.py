"""How sure is a ranking of methods? Its bootstrap over people and seeds, with Kendall's tau."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """``table``: a row per method, best first: method, seeds, mean, rank, rank_low, rank_high, first_pct.

    The rank lies between ``rank_low`` and ``rank_high`` in 95% of resamples, and is first in ``first_pct``
    percent. ``tau`` is Kendall's tau between the measured ranking and a resampled one, 1 for the same and 0
    for none in common: its mean, and what 95% of the resamples reach.
    """

    table: pd.DataFrame
    n: int
    tau: float
    tau_reached: float


def ranking(
    values: Mapping[str, FloatArray],
    better: Literal["higher", "lower"],
    *,
    resamples: int = 2000,
    seed: int = 0,
) -> Ranking:
    """Rank methods by their mean over people and seeds, and again in resamples of both.

    People are drawn with replacement, the same ones for all methods, as they were tested on the same; runs
    (seeds) of each method are drawn by themselves. Of one run another seed's result is not known: the ranking
    then looks surer than it is. Equal means share the mean of their ranks.

    Args:
        values: by method, shape (runs, people), complete, the same people in the same order.
        better: whether the best is the highest or the lowest.
        resamples: how many.
        seed: the same seed gives the same answer.

    Raises:
        ValueError: fewer than two methods or people.

    Source: Wiesenfarth et al. 2021, Scientific Reports 11:2369 (challengeR).

    >>> values = {"A": np.array([[1.0, 2, 3, 4]]), "B": np.array([[1.1, 2.1, 3.2, 4.1]])}
    >>> ranking(values, "lower").table[["method", "rank", "first_pct"]].values.tolist()
    [['A', 1.0, 100.0], ['B', 2.0, 0.0]]
    """
    names = list(values)
    n = next(iter(values.values())).shape[1] if names else 0
    if len(names) < 2 or n < 2:
        raise ValueError(f"values: need two methods and two people, got {len(names)} and {n}")
    sign = 1.0 if better == "lower" else -1.0
    rng = np.random.default_rng(seed)
    people = rng.multinomial(n, np.full(n, 1 / n), size=resamples) / n
    drawn = np.stack([_resampled_means(values[name], people, rng) for name in names], axis=1)
    measured = np.array([float(values[name].mean()) for name in names])
    ranks, rank = _ranks(sign * drawn), _ranks(sign * measured[None, :])[0]
    taus = _kendall(sign * drawn, sign * measured)
    low, high = np.quantile(ranks, (0.025, 0.975), axis=0, method="nearest")
    table = pd.DataFrame(
        {
            "method": names,
            "seeds": [len(values[name]) for name in names],
            "mean": measured,
            "rank": rank,
            "rank_low": low,
            "rank_high": high,
            "first_pct": 100 * (ranks == ranks.min(axis=1, keepdims=True)).mean(axis=0),
        }
    )
    table = table.sort_values("rank", kind="stable").reset_index(drop=True)
    return Ranking(table, n, float(taus.mean()), float(np.quantile(taus, 0.05)))


def _resampled_means(values: FloatArray, people: FloatArray, rng: np.random.Generator) -> FloatArray:
    runs = len(values)
    of_runs = people @ values.T
    if runs == 1:
        return np.asarray(of_runs[:, 0])
    weights = rng.multinomial(runs, np.full(runs, 1 / runs), size=len(people)) / runs
    return np.asarray((of_runs * weights).sum(axis=1))


def _ranks(values: FloatArray) -> FloatArray:
    """Ranks from 1 for the smallest, per row; equal values share the mean of theirs."""
    scale = 1e-12 * np.abs(values).max(axis=1, keepdims=True)
    ranks = np.empty_like(values)
    for j in range(values.shape[1]):
        apart = values - values[:, [j]]
        below, equal = (apart < -scale).sum(axis=1), (np.abs(apart) <= scale).sum(axis=1)
        ranks[:, j] = below + (equal + 1) / 2
    return ranks


def _kendall(drawn: FloatArray, measured: FloatArray) -> FloatArray:
    """Kendall's tau-a of each row with the measured order."""
    total = np.zeros(len(drawn))
    count = len(measured)
    for j in range(count - 1):
        total += (np.sign(drawn[:, j + 1 :] - drawn[:, [j]]) * np.sign(measured[j + 1 :] - measured[j])).sum(
            axis=1
        )
    return total / (count * (count - 1) / 2)
