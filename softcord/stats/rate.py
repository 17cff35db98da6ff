"""Rate of change a year from repeated sessions: a mixed model with people's own levels and rates."""

import warnings
from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt
from scipy.linalg import helmert
from statsmodels.regression.linear_model import WLS
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.tools.sm_exceptions import ConvergenceWarning

FloatArray = npt.NDArray[np.float64]
# With fewer sessions than this, beyond two a person, own rates cannot be told from error.
SPARE_SESSIONS = 3


@dataclass(frozen=True)
class Rate:
    """Change a year with its 95% interval, in the unit of the values a year.

    ``n`` people with ``sessions`` sessions; ``sd_within`` is the SD of one session about a person's own line,
    ``sd_rates`` the SD of true rates between people: NaN where the sessions are too few to tell the two
    apart, and then part of ``sd_within``.
    """

    n: int
    sessions: int
    value: float
    ci_low: float
    ci_high: float
    standard_error: float
    statistic: float
    df: float
    p: float
    sd_within: float
    sd_rates: float


@dataclass(frozen=True)
class _Lines:
    """A line per person: slope, sum of squared years about the person's mean, sessions; and all contrasts."""

    slopes: FloatArray
    squares: FloatArray
    sessions: npt.NDArray[np.int64]
    values: FloatArray  # orthonormal contrasts within a person, (sessions - people,)
    years: FloatArray
    who: npt.NDArray[np.int64]


def rate_of_change(
    values: npt.ArrayLike, years: npt.ArrayLike, people: npt.ArrayLike, adjust: npt.ArrayLike | None = None
) -> Rate:
    """Estimate the mean change a year of people who were scanned two times or more.

    value = level of the person + rate of the person x years + error. The levels are taken out by contrasts
    within each person, so differences between people of different age cannot pass for change; the rates are
    random (REML, statsmodels' MixedLM; closed form where everybody has the same visits). The mean rate is
    that of people weighted by 1 / (variance of rates + error variance / squared years), tested with t on
    people - coefficients degrees of freedom and a standard error from the observed spread of the rates
    (Knapp-Hartung): with the same visits for all that is the t test of people's slopes, which is exact.

    Args:
        values: shape (sessions,), complete.
        years: shape (sessions,), age or time in years.
        people: shape (sessions,), who; a person with one session, or all at one time, adds nothing.
        adjust: shape (sessions, columns), what the rates are adjusted for, constant within a person and
            centred: the rate is that at 0.

    Raises:
        ValueError: fewer people with two times than coefficients + 1.

    Source: Laird and Ware 1982, Biometrics 38:963; Knapp and Hartung 2003, Statistics in Medicine 22:2693.

    >>> rate = rate_of_change([80, 79, 70, 69.2, 75, 74.4], [40, 42, 50, 52, 60, 62], [1, 1, 2, 2, 3, 3])
    >>> round(rate.value, 2), rate.n, rate.df
    (-0.4, 3, 2.0)
    """
    y, t = np.asarray(values, dtype=np.float64), np.asarray(years, dtype=np.float64)
    _, who = np.unique(np.asarray(people), return_inverse=True)
    has_line = _squares(t, who) > 0
    coefficients = 1 if adjust is None else 1 + np.asarray(adjust).shape[1]
    if has_line.sum() <= coefficients:
        raise ValueError(f"people: {has_line.sum()} with two sessions, need {coefficients + 1}")
    kept = has_line[who]
    lines = _lines(y[kept], t[kept], np.unique(who[kept], return_inverse=True)[1])
    design = np.ones((len(lines.slopes), 1))
    if adjust is not None:
        first = np.unique(who, return_index=True)[1][has_line]
        design = np.column_stack([design, np.asarray(adjust, dtype=np.float64)[first]])
    error, of_rates = _variances(lines, design)
    weights = 1 / (of_rates + error / lines.squares) if error + of_rates > 0 else lines.squares
    fit = WLS(lines.slopes, design, weights=weights / weights.mean()).fit()
    return _tested(lines, fit, *_told_apart(lines, weights, fit, error, of_rates))


def _told_apart(
    lines: _Lines, weights: FloatArray, fit: WLS, error: float, of_rates: float
) -> tuple[float, float]:
    """Return the variances to report: with two sessions a person, all spread as that of a session."""
    if len(lines.values) - len(lines.slopes) >= SPARE_SESSIONS:
        return error, of_rates
    total = float(fit.scale) * float(weights.mean()) / float((weights / lines.squares).mean())
    return total, np.nan


def _tested(lines: _Lines, fit: WLS, error: float, of_rates: float) -> Rate:
    value, standard_error = float(fit.params[0]), float(fit.bse[0])
    # What rounding leaves of people who all change alike is no spread.
    if standard_error <= 1e-12 * abs(value):
        standard_error, statistic, p = (
            0.0,
            float(np.copysign(np.inf, value)) if value else 0.0,
            float(not value),
        )
        low = high = value
    else:
        statistic, p = float(fit.tvalues[0]), float(fit.pvalues[0])
        low, high = map(float, fit.conf_int()[0])
    return Rate(
        n=len(lines.slopes),
        sessions=int(lines.sessions.sum()),
        value=value,
        ci_low=low,
        ci_high=high,
        standard_error=standard_error,
        statistic=statistic,
        df=float(fit.df_resid),
        p=p,
        sd_within=sqrt(error),
        sd_rates=sqrt(of_rates),
    )


def _squares(years: FloatArray, who: npt.NDArray[np.int64]) -> FloatArray:
    """Sum of squared years about each person's mean; 0 where rounding is all there is."""
    mean = np.bincount(who, weights=years) / np.bincount(who)
    squares = np.bincount(who, weights=(years - mean[who]) ** 2)
    return np.where(squares > 1e-12 * (1 + mean**2), squares, 0.0)


def _lines(y: FloatArray, t: FloatArray, who: npt.NDArray[np.int64]) -> _Lines:
    sessions = np.bincount(who)
    order = np.argsort(who, kind="stable")
    parts_y, parts_t, parts_who = [], [], []
    for k in np.unique(sessions):  # everybody with k sessions at once
        rows = order[(sessions == k)[who[order]]].reshape(-1, k)
        contrasts = helmert(int(k)).T
        parts_y.append((y[rows] @ contrasts).ravel())
        parts_t.append((t[rows] @ contrasts).ravel())
        parts_who.append(np.repeat(who[rows[:, 0]], k - 1))
    z, s, owner = np.concatenate(parts_y), np.concatenate(parts_t), np.concatenate(parts_who)
    squares = np.asarray(np.bincount(owner, weights=s**2), dtype=np.float64)
    slopes = np.bincount(owner, weights=z * s) / squares
    return _Lines(slopes, squares, sessions, z, s, owner)


def _variances(lines: _Lines, design: FloatArray) -> tuple[float, float]:
    """Variance of the error and of people's rates, as far as the sessions tell the two apart."""
    spare = len(lines.values) - len(lines.slopes)
    of_slopes = float((WLS(lines.slopes, design).fit().resid ** 2).sum()) / (len(design) - design.shape[1])
    if spare >= SPARE_SESSIONS:
        residual = lines.values - lines.slopes[lines.who] * lines.years
        error = float((residual**2).sum()) / spare
        moments = error, max(0.0, of_slopes - error * float((1 / lines.squares).mean()))
    else:
        moments = of_slopes / float((1 / lines.squares).mean()), 0.0
    is_balanced = np.ptp(lines.sessions) == 0 and np.ptp(lines.squares) <= 1e-9 * lines.squares.mean()
    return moments if is_balanced else _restricted(lines, design, moments)


def _restricted(lines: _Lines, design: FloatArray, moments: tuple[float, float]) -> tuple[float, float]:
    """Fit both variances by REML; the method of moments where that does not converge."""
    unit = float(np.sqrt(np.mean(lines.values**2)))
    if unit == 0 or moments[0] <= 1e-20 * unit**2:
        return moments
    fixed = lines.years[:, None] * design[lines.who]
    model = MixedLM(lines.values / unit, fixed, groups=lines.who, exog_re=lines.years[:, None])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", ConvergenceWarning)
        try:
            fit = model.fit(reml=True)
        except (ConvergenceWarning, np.linalg.LinAlgError, ValueError):
            return moments
    return float(fit.scale) * unit**2, float(fit.cov_re[0, 0]) * unit**2
