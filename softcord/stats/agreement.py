"""Agreement of CSA between two contrasts of the same participants (the paper's Fig. 10 and S1)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import linregress, t


@dataclass(frozen=True)
class Agreement:
    """Line y = slope x + intercept with its squared correlation, and Bland-Altman bias with its limits.

    ``bias`` is the mean of y - x; 95% of differences are expected between ``limit_low`` and ``limit_high``.
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
        ValueError: fewer than three pairs, or ``x`` is constant.
    """
    a, b = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(a) < 3 or np.ptp(a) == 0:
        raise ValueError("x: need at least 3 pairs with different values")
    line = linregress(a, b)
    half = float(t.ppf(0.975, len(a) - 2) * line.stderr)
    difference = b - a
    bias, spread = float(difference.mean()), 1.96 * float(difference.std(ddof=1))
    return Agreement(
        n=len(a),
        slope=float(line.slope),
        slope_low=float(line.slope) - half,
        slope_high=float(line.slope) + half,
        intercept=float(line.intercept),
        r2=float(line.rvalue) ** 2,
        p=float(line.pvalue),
        bias=bias,
        limit_low=bias - spread,
        limit_high=bias + spread,
    )
