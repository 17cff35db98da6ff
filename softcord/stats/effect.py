"""Size of a paired difference, in the metric's unit and without one."""

import numpy as np
import numpy.typing as npt

from softcord.stats.wilcoxon import signed_rank

FloatArray = npt.NDArray[np.float64]


def median_difference(differences: npt.ArrayLike) -> FloatArray:
    """Median of the paired differences, shape (pairs, n) to (pairs,); NaN marks a missing pair."""
    d = np.atleast_2d(np.asarray(differences, dtype=np.float64))
    medians = np.full(len(d), np.nan)
    present = np.asarray(np.isfinite(d).any(axis=1))
    medians[present] = np.nanmedian(d[present], axis=1)
    return medians


def rank_biserial(differences: npt.ArrayLike) -> FloatArray:
    """Matched-pairs rank-biserial correlation (Kerby 2014), shape (pairs, n) to (pairs,).

    Share of the rank sum that favours the first condition minus the share against it, -1 to 1.
    """
    return signed_rank(differences).rank_biserial
