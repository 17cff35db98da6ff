"""Differences between people in their level: groups, sex, age."""

import warnings
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from statsmodels.regression.linear_model import WLS
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Difference:
    """A coefficient with its 95% interval, t on ``df`` degrees of freedom; ``n`` people."""

    n: int
    value: float
    ci_low: float
    ci_high: float
    statistic: float
    df: float
    p: float


def level_differences(
    values: npt.ArrayLike, people: npt.ArrayLike, design: npt.ArrayLike
) -> list[Difference]:
    """Estimate how people's mean levels depend on the columns of ``design``.

    value = design of the person + level of the person + error: people's means, weighted by 1 / (variance
    between people + error variance / sessions), both by REML (statsmodels' MixedLM), with the standard error
    from the observed spread. Where everybody has as many sessions this is least squares on the means, and
    exact for normal values.

    Args:
        values: shape (sessions,), complete.
        people: shape (sessions,), who.
        design: shape (sessions, columns), constant within a person, with a column of ones.

    Raises:
        ValueError: fewer people than columns + 1, or columns that say the same.
    """
    y = np.asarray(values, dtype=np.float64)
    _, first, who = np.unique(np.asarray(people), return_index=True, return_inverse=True)
    x = np.asarray(design, dtype=np.float64)[first]
    if len(x) <= x.shape[1] or np.linalg.matrix_rank(x) < x.shape[1]:
        raise ValueError(f"people: {len(x)} are too few, or too much alike, for {x.shape[1]} coefficients")
    sessions = np.bincount(who)
    means = np.bincount(who, weights=y) / sessions
    weights = np.ones(len(x))
    if np.ptp(sessions) > 0:
        between, error = _variances(y, who, x)
        weights = 1 / (between + error / sessions) if between + error > 0 else weights
    fit = WLS(means, x, weights=weights / weights.mean()).fit()
    low, high = fit.conf_int().T
    numbers = zip(fit.params, low, high, fit.tvalues, fit.pvalues, strict=True)
    return [
        Difference(len(x), float(b), float(lo), float(hi), float(t), float(fit.df_resid), float(p))
        for b, lo, hi, t, p in numbers
    ]


def _variances(y: FloatArray, who: npt.NDArray[np.int64], x: FloatArray) -> tuple[float, float]:
    """Variance between people and of the error; equal weights where the fit does not converge."""
    unit = float(y.std()) or 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = MixedLM((y - y.mean()) / unit, x[who], groups=who).fit(reml=True)
        except (ConvergenceWarning, np.linalg.LinAlgError, ValueError):
            return 1.0, 0.0
    return float(fit.cov_re[0, 0]), float(fit.scale)
