"""CSA as a function of the threshold at which a soft mask is binarised (the paper's section 4.5.3)."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.io.nifti import Volume
from softcord.measure.csa import area_per_slice_mm2
from softcord.measure.slices import cord_voxels

THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 20))


def csa_by_threshold(
    softseg: Volume,
    slices: npt.NDArray[np.int64] | None = None,
    thresholds: Sequence[float] = THRESHOLDS,
    *,
    tails: bool = False,
    missed_as_zero: bool = False,
) -> pd.DataFrame:
    """Measure the mean CSA of one soft mask binarised at each threshold.

    Args:
        softseg: values 0..1.
        slices: RPI slices to average over, for example those of C2-C3; all if None.
        thresholds: what lies strictly above is cord.
        tails: whether faint values far from the cord count (see :mod:`softcord.measure.tails`).
        missed_as_zero: whether a slice without cord counts as 0 mm², as where ``slices`` are those of a
            reference; else it is left out.

    Returns:
        A row per threshold: threshold, csa_bin_mm2, and csa_soft_minus_bin_mm2 against the soft CSA, which
        needs no threshold.
    """
    voxels = cord_voxels(softseg, tails=tails)
    chosen = np.arange(voxels.shape[2]) if slices is None else slices

    def mean_mm2(threshold: float | None = None) -> float:
        areas = area_per_slice_mm2(voxels, threshold)[chosen]
        return float(pd.Series(np.nan_to_num(areas) if missed_as_zero else areas).mean())

    soft_mm2 = mean_mm2()
    areas = [mean_mm2(threshold) for threshold in thresholds]
    curve = pd.DataFrame({"threshold": thresholds, "csa_bin_mm2": areas})
    return curve.assign(csa_soft_minus_bin_mm2=soft_mm2 - curve["csa_bin_mm2"])


def spread_by_threshold(curves: pd.DataFrame) -> pd.DataFrame:
    """Standard deviation (ddof 1) of each participant's CSA over contrasts at each threshold.

    As :func:`softcord.measure.spread.csa_std_rows`: by session where there are some, their mean then, and
    none where a contrast shows no cord. Participants without a value at some threshold are left out, so that
    the same people stand behind each.

    Args:
        curves: rows of :func:`csa_by_threshold` with participant_id and contrast added.

    Returns:
        A row per participant, a column per threshold, mm².
    """
    keys = [key for key in ("participant_id", "session_id") if key in curves]
    measured = curves.dropna(subset="csa_bin_mm2")
    areas = measured.groupby(["threshold", *keys, "contrast"])["csa_bin_mm2"].mean()
    found = areas.groupby(level=["threshold", *keys]).agg(["std", "min"])
    spread = found["std"].where(found["min"] > 0)
    table = spread.groupby(level=["participant_id", "threshold"]).mean().unstack("threshold")
    return pd.DataFrame(table.dropna())


def csa_std_by_threshold(curves: pd.DataFrame) -> pd.DataFrame:
    """Mean and SD over participants of :func:`spread_by_threshold`.

    Returns:
        A row per threshold: threshold, n (participants with at least 2 contrasts), csa_bin_std_mm2 and
        csa_bin_std_sd_mm2 (both ddof 1).
    """
    summary = spread_by_threshold(curves).agg(["count", "mean", "std"]).T.rename_axis("threshold")
    summary = summary.astype({"count": int}).reset_index()
    return summary.rename(columns={"count": "n", "mean": "csa_bin_std_mm2", "std": "csa_bin_std_sd_mm2"})
