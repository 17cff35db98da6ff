"""Agreement of CSA between two contrasts of the same participants (the paper's Fig. 10 and S1)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import linregress, t


@dataclass(frozen=True)
class Agreement:
    """Line y = slope x + intercept with its squared correlation, and Bland-Altman bias with its limits.

    ``bias`` is the mean of y - x; 95% of differences are expected between ``limit_low`` and ``limit_high``.
    Where x does not vary there is no line: its numbers are NaN.
    """

    n: int
    slope: float
    slope_low: float
    slope_high: float
    intercept: float
    r2: float
    p: float
    bias: float
    limit_low: float
    limit_high: float


def agreement(x: npt.ArrayLike, y: npt.ArrayLike) -> Agreement:
    """Compare two complete columns of the same participants, shape (n,), n >= 3.

    Raises:
        ValueError: fewer than three pairs.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(a) < 3:
        raise ValueError("x: need at least 3 pairs")
    slope, half, intercept, r2, p = _line(a, b)
    difference = b - a
    bias, spread = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
    return Agreement(
        n=len(a),
        slope=slope,
        slope_low=slope - half,
        slope_high=slope + half,
        intercept=intercept,
        r2=r2,
        p=p,
        bias=bias,
        limit_low=bias - spread,
        limit_high=bias + spread,
    )


def _line(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> tuple[float, ...]:
    """Slope, half its 95% interval, intercept, r² and p of the least-squares line b over a."""
    if np.ptp(a) == 0:
        return (np.nan,) * 5
    line = linregress(a, b)
    half = t.ppf(0.975, len(a) - 2) * line.stderr
    return tuple(map(float, (line.slope, half, line.intercept, line.rvalue**2, line.pvalue)))
