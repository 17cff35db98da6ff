"""One-way repeated-measures ANOVA with its sphericity test and correction."""

from dataclasses import dataclass
from math import inf, log, nan

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2, f

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RepeatedAnova:
    """Result of :func:`repeated_anova`.

    ``p`` assumes sphericity; ``p_gg`` is Greenhouse-Geisser corrected, which claims too little where people
    are few, ``p_hf`` Huynh-Feldt corrected, whose epsilon is less biased. ``w`` and ``p_sphericity`` are
    Mauchly's (NaN where the test does not exist: two conditions, or participants <= conditions - 1).
    """

    n: int
    conditions: int
    statistic: float
    df_effect: int
    df_error: int
    p: float
    epsilon: float
    p_gg: float
    epsilon_hf: float
    p_hf: float
    w: float
    p_sphericity: float
    eta_generalised: float
    eta_partial: float


def repeated_anova(values: npt.ArrayLike) -> RepeatedAnova:
    """Test whether the mean differs between conditions measured on the same participants.

    Args:
        values: shape (participants, conditions), complete.

    With no variation left after participants and conditions (constant differences), F is infinite and p is
    0; with no difference between conditions either, F is 0 and p is 1.

    Raises:
        ValueError: fewer than two participants or conditions, or a missing value.

    Source: Greenhouse and Geisser 1959; Huynh and Feldt 1976 (as R's ``anova.mlm`` has it, at most 1);
    Olejnik and Algina 2003 (generalised eta squared).
    """
    x = np.asarray(values, dtype=np.float64)
    n, k = _checked_shape(x)
    effect, subject, error = _sums_of_squares(x)
    df_effect, df_error = k - 1, (k - 1) * (n - 1)
    statistic = _f_ratio(effect / df_effect, error / df_error, float(np.var(x)))
    epsilon, w, p_sphericity = _sphericity(x)
    epsilon_hf = _huynh_feldt(epsilon, n, k - 1)
    total = effect + subject + error
    return RepeatedAnova(
        n=n,
        conditions=k,
        statistic=statistic,
        df_effect=df_effect,
        df_error=df_error,
        p=float(f.sf(statistic, df_effect, df_error)),
        epsilon=epsilon,
        p_gg=float(f.sf(statistic, df_effect * epsilon, df_error * epsilon)),
        epsilon_hf=epsilon_hf,
        p_hf=float(f.sf(statistic, df_effect * epsilon_hf, df_error * epsilon_hf)),
        w=w,
        p_sphericity=p_sphericity,
        eta_generalised=effect / total if total > 0 else 0.0,
        eta_partial=effect / (effect + error) if effect + error > 0 else 0.0,
    )


def _checked_shape(x: FloatArray) -> tuple[int, int]:
    if x.ndim != 2 or min(x.shape) < 2:
        raise ValueError(f"values: need at least 2 participants and 2 conditions, got shape {x.shape}")
    if not np.isfinite(x).all():
        raise ValueError("values: must be complete; drop participants with missing values first")
    return x.shape[0], x.shape[1]


def _sums_of_squares(x: FloatArray) -> tuple[float, float, float]:
    n, k = x.shape
    centred = x - x.mean()
    condition, subject = centred.mean(axis=0), centred.mean(axis=1)
    residual = centred - condition - subject[:, None]
    return float(n * condition @ condition), float(k * subject @ subject), float((residual**2).sum())


def _f_ratio(effect: float, error: float, variance: float) -> float:
    # What rounding leaves of an exact zero is far below 1e-20 of the variance.
    if error > variance * 1e-20:
        return effect / error
    return inf if effect > variance * 1e-20 else 0.0


def _sphericity(x: FloatArray) -> tuple[float, float, float]:
    """Return Greenhouse-Geisser epsilon, Mauchly's W and its p (with R's second-order correction)."""
    n, k = x.shape
    contrasts = np.linalg.qr(np.c_[np.ones(k), np.eye(k)[:, :-1]])[0][:, 1:]
    covariance = np.atleast_2d(np.cov(x @ contrasts, rowvar=False))
    size = k - 1
    trace = float(np.trace(covariance))
    if size == 1 or trace <= float(np.var(x)) * 1e-20:
        return 1.0, nan, nan
    epsilon = min(1.0, trace**2 / (size * float((covariance**2).sum())))
    if n - 1 < size:
        return epsilon, nan, nan
    sign, log_det = np.linalg.slogdet(covariance)
    log_w = float(log_det) - size * log(trace / size)
    if sign <= 0:
        return epsilon, 0.0, 0.0
    return epsilon, float(np.exp(log_w)), _mauchly_p(log_w, size, n - 1)


def _huynh_feldt(epsilon: float, n: int, size: int) -> float:
    """Return Huynh and Feldt's epsilon, from Greenhouse and Geisser's of ``size`` contrasts; at most 1."""
    left = size * (n - 1 - size * epsilon)
    return min(1.0, (n * size * epsilon - 2) / left) if left > 1e-9 else 1.0


def _mauchly_p(log_w: float, size: int, df: int) -> float:
    """Upper tail of Mauchly's statistic: Anderson 2003, section 10.7.4, as R's ``mauchly.test`` has it."""
    rho = 1 - (2 * size**2 + size + 2) / (6 * df * size)
    # Where Anderson's polynomial has 3 * size, R has 3 * conditions. R is followed, so that users can check
    # one against the other; p moves by less than 1e-4.
    polynomial = (size + 2) * (size - 1) * (size - 2) * (2 * size**3 + 6 * size**2 + 3 * (size + 1) + 2)
    weight = polynomial / (288 * (df * size * rho) ** 2)
    statistic = -df * rho * log_w
    freedom = size * (size + 1) // 2 - 1
    first, second = chi2.sf(statistic, freedom), chi2.sf(statistic, freedom + 4)
    return float(min(1.0, first + weight * (second - first)))
