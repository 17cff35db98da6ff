"""Difference between two methods with seeds and participants as crossed random factors."""

from dataclasses import dataclass
from itertools import product
from math import copysign, inf, log, sqrt

import numpy as np
import numpy.typing as npt
from scipy.stats import t

from softcord.stats.reml import unbalanced_fit

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SeedModel:
    """Result of :func:`seed_model`, in the metric's unit.

    ``effect`` is method a minus method b, ``df`` Satterthwaite's degrees of freedom. The four SDs are what
    the spread is made of: participants, participants reacting differently to the two methods, seeds of one
    method, and what is left.
    """

    n: int
    runs: int
    effect: float
    ci_low: float
    ci_high: float
    statistic: float
    df: float
    p: float
    sd_participant: float
    sd_reaction: float
    sd_seed: float
    sd_error: float


def seed_model(first: npt.ArrayLike, second: npt.ArrayLike) -> SeedModel:
    """Fit value = method + participant + participant:method + run + error; all but the method are random.

    A run is one seed of one method. A difference no larger than what another seed, or other participants,
    would give is not called one. The fit is restricted maximum likelihood, lme4's ``value ~ method +
    (1|participant) + (1|participant:method) + (1|run)``; degrees of freedom are Satterthwaite's, as lmerTest
    has them. With as many runs of both methods it has a closed form: the mean squares of participants,
    participants by method, runs and error, pooled where one would make a variance negative. Else statsmodels
    fits it.

    Args:
        first: method a, shape (runs, participants), complete.
        second: method b, the same participants.

    Raises:
        ValueError: fewer than two runs of a method, fewer than two participants, or a missing value.

    Source: Searle, Casella and McCulloch 1992, Variance Components, chapter 4; Kuznetsova et al. 2017.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    if min(len(a), len(b)) < 2:
        raise ValueError("first, second: both methods need at least two seeds")
    if a.shape[1] != b.shape[1] or a.shape[1] < 2:
        raise ValueError("first, second: need the same participants, at least two")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("first, second: must be complete")
    variances, variance, df = _balanced(a, b) if len(a) == len(b) else unbalanced_fit(a, b)
    effect = float(a.mean() - b.mean())
    error = sqrt(variance)
    half = float(t.ppf(0.975, df)) * error
    statistic = effect / error if error > 0 else copysign(inf, effect) if effect else 0.0
    participant, reaction, seed, rest = (sqrt(value) for value in variances)
    return SeedModel(
        n=a.shape[1],
        runs=len(a) + len(b),
        effect=effect,
        ci_low=effect - half,
        ci_high=effect + half,
        statistic=statistic,
        df=df,
        p=float(2 * t.sf(abs(statistic), df)),
        sd_participant=participant,
        sd_reaction=reaction,
        sd_seed=seed,
        sd_error=rest,
    )


def _balanced(a: FloatArray, b: FloatArray) -> tuple[tuple[float, ...], float, float]:
    """Variances (participant, reaction, seed, error), variance of the difference, degrees of freedom."""
    seeds, participants = a.shape
    mean_squares, freedom = _mean_squares(np.stack([a, b]))
    pools = _pools(mean_squares, freedom)
    participant, reaction, run, error = (pools[name][0] for name in range(4))
    variances = (
        (participant - reaction) / (2 * seeds),
        (reaction - error) / seeds,
        (run - error) / participants,
        error,
    )
    # The difference of two means varies with reaction + run - error; strata that were pooled add up first.
    weights: dict[tuple[float, float], float] = {}
    for stratum, weight in ((1, 1.0), (2, 1.0), (3, -1.0)):
        weights[pools[stratum]] = weights.get(pools[stratum], 0.0) + weight
    scale = 2 / (seeds * participants)
    variance = scale * sum(weight * pool for (pool, _), weight in weights.items())
    spread = scale**2 * sum((weight * pool) ** 2 / df for (pool, df), weight in weights.items())
    return variances, variance, variance**2 / spread if spread > 0 else freedom[3]


def _mean_squares(values: FloatArray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean squares and their degrees of freedom of participants, reactions, runs and error.

    ``values`` has shape (2 methods, seeds, participants).
    """
    _, seeds, participants = values.shape
    of_method = values.mean(axis=(1, 2), keepdims=True)
    of_person = values.mean(axis=(0, 1), keepdims=True)
    of_cell = values.mean(axis=1, keepdims=True)
    of_run = values.mean(axis=2, keepdims=True)
    sums = (
        2 * seeds * ((of_person - values.mean()) ** 2).sum(),
        seeds * ((of_cell - of_method - of_person + values.mean()) ** 2).sum(),
        participants * ((of_run - of_method) ** 2).sum(),
        ((values - of_cell - of_run + of_method) ** 2).sum(),
    )
    freedom = (
        participants - 1.0,
        participants - 1.0,
        2.0 * (seeds - 1),
        2.0 * (seeds - 1) * (participants - 1),
    )
    return tuple(float(total) / df for total, df in zip(sums, freedom, strict=True)), freedom


def _pools(mean_squares: tuple[float, ...], freedom: tuple[float, ...]) -> list[tuple[float, float]]:
    """Return each stratum's expected mean square and degrees of freedom, no variance being negative.

    The order participants >= reactions >= error and runs >= error must hold; strata that break it are pooled,
    which is the restricted maximum likelihood solution. Of the poolings that keep the order, the likeliest.
    """
    best: tuple[float, list[tuple[float, float]]] = (-inf, [])
    for joins in product((False, True), repeat=3):
        label = [0, 1, 2, 3]
        for (upper, lower), joined in zip(((0, 1), (1, 3), (2, 3)), joins, strict=True):
            if joined:
                label = [label[lower] if each == label[upper] else each for each in label]
        pools = []
        for own in label:
            members = [k for k in range(4) if label[k] == own]
            df = sum(freedom[k] for k in members)
            pools.append((sum(freedom[k] * mean_squares[k] for k in members) / df, df))
        level = [pool for pool, _ in pools]
        if not (level[0] >= level[1] >= level[3] and level[2] >= level[3]):
            continue
        likelihood = _log_likelihood(level, mean_squares, freedom)
        if likelihood > best[0] or not best[1]:
            best = (likelihood, pools)
    return best[1]


def _log_likelihood(level: list[float], mean_squares: tuple[float, ...], freedom: tuple[float, ...]) -> float:
    if min(level) <= 0:
        return -inf
    return -sum(
        df * (log(value) + square / value)
        for value, square, df in zip(level, mean_squares, freedom, strict=True)
    )
