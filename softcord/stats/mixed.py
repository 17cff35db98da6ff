"""Difference between two methods with the seed as a random factor."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import t

from softcord.stats.frames import cells

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class SeedModel:
    """Result of :func:`seed_model`, in the metric's unit.

    ``effect`` is method a minus method b, ``sd_seed`` the estimated SD between seeds of one method,
    ``df`` the degrees of freedom between runs.
    """

    n: int
    runs: int
    effect: float
    ci_low: float
    ci_high: float
    statistic: float
    df: int
    p: float
    sd_seed: float


def seed_model(rows: pd.DataFrame, a: str, b: str) -> SeedModel | None:
    """Fit value = method + participant + run + error, the run (one seed of one method) being random.

    A difference no larger than what another seed gives is not called one. Participants are blocks and
    complete in every run, so the restricted maximum likelihood fit has a closed form: the variance between
    runs of a method, floored at what the error alone explains, tested with t on runs - 2 degrees of freedom.

    Args:
        rows: tidy rows of one metric at one level.
        a: first method.
        b: second method.

    Returns:
        None where fewer than two participants are complete in every run of both methods.

    Raises:
        ValueError: a method has fewer than two runs.

    Source: Searle, Casella and McCulloch 1992, Variance Components, chapter 4.
    """
    first, second = _run_by_participant(rows, a, b)
    participants = first.shape[1]
    if min(len(first), len(second)) < 2:
        raise ValueError(f"{a}, {b}: both methods need at least two seeds")
    if participants < 2:
        return None
    effect = float(first.mean() - second.mean())
    runs = len(first) + len(second)
    variance_of_run, variance_of_seed = _variances(first, second)
    error = sqrt(variance_of_run * (1 / len(first) + 1 / len(second)))
    half = float(t.ppf(0.975, runs - 2)) * error
    statistic = effect / error if error > 0 else float(np.copysign(np.inf, effect)) if effect else 0.0
    return SeedModel(
        n=participants,
        runs=runs,
        effect=effect,
        ci_low=effect - half,
        ci_high=effect + half,
        statistic=statistic,
        df=runs - 2,
        p=float(2 * t.sf(abs(statistic), runs - 2)),
        sd_seed=sqrt(variance_of_seed),
    )


def _run_by_participant(rows: pd.DataFrame, a: str, b: str) -> tuple[FloatArray, FloatArray]:
    """Mean over contrasts per run (row) and participant (column); participants complete in all runs."""
    own = rows[rows["method"].isin([a, b])]
    per_image = cells(own, ["participant_id", "method", "run", "contrast"])
    complete = per_image.unstack(["method", "run", "contrast"]).dropna(axis=0).T
    per_run = complete.groupby(level=["method", "run"], observed=True).mean()
    first, second = (per_run.xs(name, level="method").to_numpy(dtype=np.float64) for name in (a, b))
    return first, second


def _variances(first: FloatArray, second: FloatArray) -> tuple[float, float]:
    """Variance of a run's mean, and the part of it that is due to the seed."""
    values = np.concatenate([first, second])
    runs, participants = values.shape
    run_means = values.mean(axis=1, keepdims=True)
    error = values - run_means - values.mean(axis=0) + values.mean()
    error_sum, error_df = float((error**2).sum()), (runs - 1) * (participants - 1)
    run_sum = participants * sum(float(((x.mean(axis=1) - x.mean()) ** 2).sum()) for x in (first, second))
    run_df = runs - 2
    if run_sum / run_df <= error_sum / error_df:
        return (run_sum + error_sum) / (run_df + error_df) / participants, 0.0
    of_run = run_sum / run_df
    return of_run / participants, (of_run - error_sum / error_df) / participants
