"""Are two conditions alike? Two one-sided tests within a margin, and three-valued verdicts."""

from collections.abc import Mapping
from typing import Literal

import numpy as np
import numpy.typing as npt

from softcord.stats.wilcoxon import signed_rank

FloatArray = npt.NDArray[np.float64]
Verdict = Literal["yes", "no", "unclear"]

# Differences that do not matter, in each metric's unit; a question may state its own.
MARGINS: Mapping[str, float] = {
    "csa_std_mm2": 0.5,
    "csa_bin_std_mm2": 0.5,
    "csa_abs_error_mm2": 0.5,
    "csa_bin_abs_error_mm2": 0.5,
    "csa_truth_error_mm2": 0.5,
    "csa_bin_truth_error_mm2": 0.5,
    "csa_mm2": 1.0,
    "csa_bin_mm2": 1.0,
    "dice": 0.01,
    "dice_soft": 0.01,
    "rve_pct": 2.0,
    "rve_soft_pct": 2.0,
    "asd_mm": 0.1,
}


def margin_of(metric: str, stated: float | None = None) -> float:
    """Return the margin within which a difference in a metric does not matter; NaN where none is known.

    Raises:
        ValueError: the stated margin is not above 0.
    """
    if stated is None:
        return MARGINS.get(metric, float("nan"))
    if not 0 < stated < float("inf"):
        raise ValueError(f"margin: must be above 0, got {stated:g}")
    return stated


def equivalence_p(differences: npt.ArrayLike, margin: float) -> FloatArray:
    """p of the hypothesis that the shift is at least ``margin`` in either direction: small means alike.

    Two one-sided Wilcoxon signed-rank tests, the larger p of both; significant at 0.05 exactly when the 90%
    interval lies within the margin (up to ties).

    Args:
        differences: shape (pairs, n) or (n,); NaN marks a missing pair.
        margin: in the unit of the differences, above 0; NaN gives NaN.

    Source: Schuirmann 1987; Wellek 2010, Testing Statistical Hypotheses of Equivalence, section 5.2.
    """
    d = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    if np.isnan(margin):
        return np.full(len(d), np.nan)
    above = signed_rank(d + margin, alternative="greater").p
    below = signed_rank(d - margin, alternative="less").p
    return np.maximum(above, below)


def alike(inner: tuple[float, float], outer: tuple[float, float], margin: float) -> Verdict:
    """Say whether a difference is within a margin, by its 90% (``inner``) and 95% (``outer``) interval.

    ``yes`` where the 90% interval lies inside, ``no`` where the 95% interval lies wholly outside, else
    ``unclear``. A missing bound is unclear.
    """
    if -margin < inner[0] and inner[1] < margin:
        return "yes"
    return "no" if outer[0] > margin or outer[1] < -margin else "unclear"
