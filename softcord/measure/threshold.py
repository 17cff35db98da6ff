"""CSA as a function of the threshold at which a soft mask is binarised (the paper's section 4.5.3)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.io.nifti import Volume
from softcord.measure.aggregate import mean_over
from softcord.measure.csa import csa_per_slice
from softcord.measure.slices import cord_voxels

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def csa_by_threshold(
    softseg: Volume,
    slices: npt.NDArray[np.int64] | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    tails: bool = False,
) -> pd.DataFrame:
    """Measure the mean CSA of one soft mask binarised at each threshold.

    Args:
        softseg: values 0..1.
        slices: RPI slices to average over, for example those of C2-C3; all if None.
        thresholds: what lies strictly above is cord.
        tails: whether faint values far from the cord count (see :mod:`softcord.measure.tails`).

    Returns:
        A row per threshold: threshold, csa_bin_mm2, and csa_soft_minus_bin_mm2 against the soft CSA, which
        needs no threshold.
    """
    voxels = cord_voxels(softseg, tails=tails)
    soft = csa_per_slice(voxels)
    chosen = soft["slice"].to_numpy() if slices is None else slices
    soft_mm2 = mean_over(soft, "area_mm2", chosen)
    areas = [
        mean_over(csa_per_slice(voxels, mode="bin", threshold=t), "area_mm2", chosen) for t in thresholds
    ]
    curve = pd.DataFrame({"threshold": thresholds, "csa_bin_mm2": areas})
    return curve.assign(csa_soft_minus_bin_mm2=soft_mm2 - curve["csa_bin_mm2"])


def csa_std_by_threshold(curves: pd.DataFrame) -> pd.DataFrame:
    """Standard deviation of CSA over contrasts at each threshold, then mean and SD over participants.

    Args:
        curves: rows of :func:`csa_by_threshold` with participant_id and contrast added.

    Returns:
        A row per threshold: threshold, n (participants with at least 2 contrasts), csa_bin_std_mm2 and
        csa_bin_std_sd_mm2 (both ddof 1).
    """
    images = curves.dropna(subset="csa_bin_mm2").groupby(["threshold", "participant_id", "contrast"])
    spread = images["csa_bin_mm2"].mean().groupby(level=["threshold", "participant_id"]).std().dropna()
    summary = spread.groupby(level="threshold").agg(["count", "mean", "std"]).reset_index()
    return summary.rename(columns={"count": "n", "mean": "csa_bin_std_mm2", "std": "csa_bin_std_sd_mm2"})
