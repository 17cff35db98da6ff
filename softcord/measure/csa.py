"""Cross-sectional area of the cord, slice by slice, perpendicular to its centreline."""

from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.io.nifti import Volume
from softcord.measure.centreline import (
    SCT_SMOOTHING,
    SMOOTHING_MM,
    Centreline,
    sct_centreline,
    smooth_centreline,
)
from softcord.measure.findings import slice_findings
from softcord.measure.slices import SliceVoxels, slice_voxels

Floats = npt.NDArray[np.float64]
Mode = Literal["soft", "bin", "sct"]
MODES: tuple[Mode, ...] = get_args(Mode)

# Changes whenever a number in the table would: rows of different versions are not to be mixed.
METHOD_VERSION = "softcord-csa-2"
# How a number was made; the same in all rows of a call.
HOW_COLUMNS = ("mode", "threshold", "smoothing", "angle_correction", "method_version")


def csa_per_slice(
    mask: Volume | SliceVoxels,
    *,
    mode: Mode = "soft",
    threshold: float = 0.5,
    smoothing: float | None = None,
    angle_correction: bool = True,
) -> pd.DataFrame:
    """Measure the cord's area in every slice of a mask.

    Args:
        mask: values 0..1 in any orientation.
        mode: "soft" sums the partial volumes; "bin" counts voxels above ``threshold``; "sct" is the
            definition of SCT 7.3 (each slice stretched to 0..1, its own centreline, product of cosines).
        threshold: used by "bin" only; strictly above it is cord.
        smoothing: of the centreline: millimetres (default 8), in mode "sct" SCT's number (default 30).
        angle_correction: whether the area is taken perpendicular to the cord or as the slice cuts it.

    Returns:
        A row per slice, inferior to superior: slice (0 is the lowest), area_mm2, angle_ap_deg, angle_rl_deg,
        length_mm (of the cord within the slice), findings (see :mod:`softcord.measure.findings`), and
        HOW_COLUMNS. NaN in slices without cord.

    Raises:
        ValueError: an unknown mode, or a smoothing that is not above 0.
    """
    if mode not in MODES:
        raise ValueError(f"mode: must be one of {', '.join(MODES)}, got {mode!r}")
    smoothing = default_smoothing(mode) if smoothing is None else smoothing
    if not smoothing > 0:
        raise ValueError(f"smoothing: must be > 0, got {smoothing}")
    every = slice_voxels(mask)
    voxels = every.binarised(threshold) if mode == "bin" else every
    line = fit_centreline(voxels, mode, smoothing)
    rows = _rows(voxels, line, mode, angle_correction)
    columns = dict(zip(("area_mm2", "angle_ap_deg", "angle_rl_deg", "length_mm"), rows, strict=True))
    return pd.DataFrame(
        {
            "slice": np.arange(voxels.shape[2]),
            **columns,
            "findings": slice_findings(every, line.outliers if line else ()),
            "mode": mode,
            "threshold": threshold if mode == "bin" else np.nan,
            "smoothing": smoothing,
            "angle_correction": int(angle_correction),
            "method_version": METHOD_VERSION,
        }
    )


def area_per_slice_mm2(voxels: SliceVoxels, threshold: float | None = None) -> Floats:
    """Return only the areas of :func:`csa_per_slice`, shape (slices,), NaN in slices without cord.

    Without its findings, which cost more than the areas where a mask is measured at many thresholds. Of the
    soft mask, or, with a ``threshold``, of what lies above it.
    """
    measured = voxels if threshold is None else voxels.binarised(threshold)
    areas: Floats = _rows(measured, fit_centreline(measured), "soft", angle_correction=True)[0]
    return areas


def default_smoothing(mode: Mode) -> float:
    """Smoothing of the centreline where none is asked for."""
    return SCT_SMOOTHING if mode == "sct" else SMOOTHING_MM


def fit_centreline(
    voxels: SliceVoxels, mode: Mode = "soft", smoothing: float | None = None
) -> Centreline | None:
    """Fit the centreline of a mask; None where the mask is empty.

    Soft and binarised masks: centres of mass, slices with little cord (the ends of a soft mask) counting
    less. Mode "sct": the mean of all non-zero voxels, whatever their value, as SCT does.
    """
    smoothing = default_smoothing(mode) if smoothing is None else smoothing
    filled = voxels.filled
    if not len(filled):
        return None
    if mode == "sct":
        support = voxels.binarised(-np.inf)
        return sct_centreline(filled, support.centres_of(filled), voxels.spacing_mm, smoothing)
    # Dust weighs next to nothing, but to cut it off would make the area depend on the mask's scale.
    cord = voxels.above(0.0)
    mass = cord.total[filled]
    trust = np.minimum(mass / np.median(mass), 1.0)
    return smooth_centreline(filled, cord.centres_of(filled), trust, voxels.spacing_mm, smoothing)


def _rows(voxels: SliceVoxels, line: Centreline | None, mode: Mode, angle_correction: bool) -> Floats:
    """Return area, both angles and length by slice, shape (4, slices), NaN in slices without cord."""
    rows = np.full((4, voxels.shape[2]), np.nan)
    if line is not None:
        rows[:, line.slices] = _areas(voxels, line, mode, angle_correction)
        rows[:, np.setdiff1d(line.slices, voxels.filled)] = np.nan
    return rows


def _areas(voxels: SliceVoxels, line: Centreline, mode: Mode, angle_correction: bool) -> Floats:
    pixel_mm2 = voxels.spacing_mm[0] * voxels.spacing_mm[1]
    total = voxels.total
    if mode == "sct":
        pixels = voxels.shape[0] * voxels.shape[1]
        span = np.where(voxels.highest > voxels.lowest, voxels.highest - voxels.lowest, np.nan)
        total = (total - pixels * voxels.lowest) / span
        cosine = np.cos(np.radians(line.angle_ap_deg)) * np.cos(np.radians(line.angle_rl_deg))
    else:
        cosine = line.cosine
    if not angle_correction:
        cosine = np.ones_like(cosine)
    area = total[line.slices] * pixel_mm2 * cosine
    return np.stack([area, line.angle_ap_deg, line.angle_rl_deg, voxels.spacing_mm[2] / cosine])
