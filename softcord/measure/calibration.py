"""Reliability at the cord's border: does a soft value of 0.3 mean 30 % cord?"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.ndimage import distance_transform_edt

from softcord.io.nifti import Volume
from softcord.measure.surface import smallest_box

Bools = npt.NDArray[np.bool_]


def border_reliability(
    pred_softseg: Volume, reference_softseg: Volume, *, border_mm: float = 2.0, bins: int = 10
) -> pd.DataFrame:
    """Tabulate the reference's mean value for each range of predicted values, near the cord's border.

    Only voxels whose centre lies within ``border_mm`` of the border of the reference (at 0.5) enter: the
    wide background would make any prediction look calibrated.

    Returns:
        A row per bin of the predicted value: low, high, n (voxels), pred_mean, reference_mean; NaN means
        where n is 0. Values beyond 0 and 1 count in the outermost bins.
    """
    border = _near_border(reference_softseg.data > 0.5, reference_softseg.spacing_mm, border_mm)
    pred = pred_softseg.data[border].astype(np.float64)
    reference = reference_softseg.data[border].astype(np.float64)
    bin_of = np.clip((pred * bins).astype(np.int64), 0, bins - 1)
    n = np.bincount(bin_of, minlength=bins)
    some = np.where(n > 0, n, np.nan)
    edges = np.linspace(0, 1, bins + 1)
    return pd.DataFrame(
        {
            "low": edges[:-1],
            "high": edges[1:],
            "n": n,
            "pred_mean": np.bincount(bin_of, pred, bins) / some,
            "reference_mean": np.bincount(bin_of, reference, bins) / some,
        }
    )


def pool_reliability(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """Put the reliability tables of several images together, each voxel counting the same."""
    joined = pd.concat(tables)
    sums = joined.assign(
        pred_mean=joined["pred_mean"].fillna(0) * joined["n"],
        reference_mean=joined["reference_mean"].fillna(0) * joined["n"],
    )
    pooled = sums.groupby(["low", "high"], as_index=False).sum()
    some = pooled["n"].where(pooled["n"] > 0)
    pooled[["pred_mean", "reference_mean"]] = pooled[["pred_mean", "reference_mean"]].div(some, axis=0)
    return pooled


def calibration_error(reliability: pd.DataFrame) -> float:
    """Expected calibration error, 0..1: mean |predicted - reference| over the bins, weighted by voxels."""
    voxels = reliability["n"].sum()
    gap = (reliability["pred_mean"] - reliability["reference_mean"]).abs()
    return float((gap * reliability["n"]).sum() / voxels) if voxels else float("nan")


def _near_border(reference_seg: Bools, spacing_mm: tuple[float, float, float], border_mm: float) -> Bools:
    near = np.zeros_like(reference_seg)
    if not reference_seg.any() or reference_seg.all():
        return near
    margin = [int(np.ceil(border_mm / size)) + 1 for size in spacing_mm]
    box = smallest_box(reference_seg, margin)
    cord = reference_seg[box]
    # From a voxel's centre to the nearest centre on the other side; the border runs half-way.
    inside = distance_transform_edt(cord, sampling=spacing_mm)
    outside = distance_transform_edt(~cord, sampling=spacing_mm)
    half_voxel_mm = min(spacing_mm) / 2
    near[box] = np.where(cord, inside, outside) - half_voxel_mm <= border_mm
    return near
