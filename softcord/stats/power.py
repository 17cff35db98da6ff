"""What a study could detect with the CSA variability that was measured."""

from functools import cache
from math import ceil, sqrt

import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm
from statsmodels.stats.power import TTestIndPower

from softcord.stats.frames import PAPER_LEVEL, complete_pairs
from softcord.stats.measured import measured
from softcord.stats.wide import by_contrast

ALPHA = 0.05
POWER = 0.8
# From here on t and normal distribution give the same number.
_LARGE = 100_000


def participants_per_arm(sd: float, difference: float, *, alpha: float = ALPHA, power: float = POWER) -> int:
    """Participants needed in each of two arms to detect a difference of means, two-sided.

    The smallest n at which Student's t test has the power, by the noncentral t distribution (statsmodels'
    ``TTestIndPower``). ``sd`` and ``difference`` in the same unit. The normal formula n = 2 (z[1 - alpha/2] +
    z[power])^2 sd^2 / difference^2 that the field uses (Bautin and Cohen-Adad 2021, NeuroImage: Clinical
    32:102849) gives one or two fewer, and far too few for large differences: 2 instead of 4 or 5.

    Raises:
        ValueError: ``difference`` is zero or a value is out of range.

    >>> participants_per_arm(1.0, 1.0)
    17
    """
    if difference == 0:
        raise ValueError("difference: must not be 0")
    size = abs(difference) / sd if sd > 0 else float("inf")
    n = max(2, ceil(2 * (_z_sum(alpha, power) / size) ** 2))
    while size < float("inf") and n < _LARGE and _power(size, n, alpha) < power:
        n += 1
    return n


def detectable_difference(sd: float, n_per_arm: int, *, alpha: float = ALPHA, power: float = POWER) -> float:
    """Smallest difference of means that two arms of ``n_per_arm`` detect, in the unit of ``sd``.

    The power of :func:`participants_per_arm`, solved for the difference.
    """
    if n_per_arm < 2:
        raise ValueError(f"n_per_arm: must be at least 2, got {n_per_arm}")
    return _detectable_size(n_per_arm, alpha, power) * sd


@cache
def _detectable_size(n_per_arm: int, alpha: float, power: float) -> float:
    normal = _z_sum(alpha, power) * sqrt(2 / n_per_arm)
    # The exact size lies a little above; far above, the noncentral t distribution overflows.
    size = brentq(
        lambda size: _power(size, n_per_arm, alpha) - power,
        0.9 * normal,
        (1 + 1.5 / (n_per_arm - 1)) * normal,
    )
    return float(size)


def _power(size: float, n_per_arm: int, alpha: float) -> float:
    return float(TTestIndPower().power(size, n_per_arm, alpha))


@cache
def _z_sum(alpha: float, power: float) -> float:
    if not (0 < alpha < 1 and 0 < power < 1):
        raise ValueError(f"alpha, power: must lie between 0 and 1, got {alpha} and {power}")
    return float(norm.ppf(1 - alpha / 2) + norm.ppf(power))


def power_table(
    measures: pd.DataFrame,
    methods: list[str],
    metric: str = "csa_mm2",
    *,
    atrophy_pct: tuple[float, ...] = (1.0, 2.0, 5.0),
    n_per_arm: int = 50,
    level: str = PAPER_LEVEL,
) -> pd.DataFrame:
    """Sample size and minimum detectable atrophy per method, for two designs.

    * ``cross-sectional``: patients against controls, each scanned once with one contrast; the spread is
      between participants, about the mean of the contrasts' SDs.
    * ``change``: each participant scanned twice, the contrast not kept the same; the spread is that of
      a difference of two measurements, sqrt(2) times the within-participant SD over contrasts.

    Returns:
        Columns method, design, n, mean_csa_mm2, sd_mm2, per_arm_1pct ..., detectable_pct.
    """
    wide_by_method = by_contrast(measured(measures, metric, level))
    table = []
    for method in methods:
        csa = complete_pairs(wide_by_method.get(method, pd.DataFrame())).values
        mean = float(csa.to_numpy().mean()) if csa.size else 0.0
        if len(csa) < 2 or mean == 0:  # nothing was segmented: there is no cord whose atrophy could be seen
            continue
        designs = {"cross-sectional": sqrt(float(csa.var(ddof=1).mean()))}
        if csa.shape[1] > 1:
            designs["change"] = sqrt(2 * float(csa.var(axis=1, ddof=1).mean()))
        for design, sd in designs.items():
            row: dict[str, object] = {"method": method, "design": design, "n": len(csa)}
            row |= {"mean_csa_mm2": mean, "sd_mm2": sd}
            for pct in atrophy_pct:
                row[f"per_arm_{pct:g}pct"] = participants_per_arm(sd, mean * pct / 100)
            row["detectable_pct"] = 100 * detectable_difference(sd, n_per_arm) / mean
            table.append(row)
    return pd.DataFrame(table)
