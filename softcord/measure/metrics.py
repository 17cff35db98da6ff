"""Every metric softcord measures: its unit, which way is better, its optimum and its name in figures."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Better = Literal["lower", "higher", "none"]


@dataclass(frozen=True)
class Metric:
    """What a reader of measures.csv needs to know about one metric.

    ``better`` says which direction is an improvement ("none": neither is). ``optimum`` is the value of a
    perfect result, None where there is none.
    """

    name: str
    unit: str
    better: Better
    optimum: float | None
    label: str


_ROWS = (
    Metric("csa_mm2", "mm2", "none", None, "CSA, soft (mm²)"),
    Metric("csa_bin_mm2", "mm2", "none", None, "CSA, binarised (mm²)"),
    Metric("csa_sct_mm2", "mm2", "none", None, "CSA, SCT's definition (mm²)"),
    Metric("csa_doubt_mm2", "mm2", "none", None, "Spread of readings, as an area (mm²)"),
    Metric("csa_low_mm2", "mm2", "none", None, "CSA, soft, lower end of its interval (mm²)"),
    Metric("csa_high_mm2", "mm2", "none", None, "CSA, soft, upper end of its interval (mm²)"),
    Metric("csa_soft_minus_bin_mm2", "mm2", "none", None, "CSA, soft − binarised (mm²)"),
    Metric("csa_abs_error_mm2", "mm2", "lower", 0.0, "|CSA error|, soft (mm²)"),
    Metric("csa_bin_abs_error_mm2", "mm2", "lower", 0.0, "|CSA error|, binarised (mm²)"),
    Metric("csa_truth_error_mm2", "mm2", "lower", 0.0, "|CSA error| against the truth, soft (mm²)"),
    Metric("csa_bin_truth_error_mm2", "mm2", "lower", 0.0, "|CSA error| against the truth, binarised (mm²)"),
    Metric("csa_std_mm2", "mm2", "lower", 0.0, "CSA STD across contrasts, soft (mm²)"),
    Metric("csa_bin_std_mm2", "mm2", "lower", 0.0, "CSA STD across contrasts, binarised (mm²)"),
    Metric("csa_std_contrasts", "1", "none", None, "Contrasts in the CSA STD, soft"),
    Metric("csa_bin_std_contrasts", "1", "none", None, "Contrasts in the CSA STD, binarised"),
    Metric("dice", "1", "higher", 1.0, "Dice"),
    Metric("dice_soft", "1", "higher", 1.0, "Soft Dice"),
    Metric("rve_pct", "%", "none", 0.0, "RVE (%)"),
    Metric("rve_soft_pct", "%", "none", 0.0, "Soft RVE (%)"),
    Metric("asd_mm", "mm", "lower", 0.0, "ASD (mm)"),
    Metric("asd_anima_compat", "voxel", "none", None, "ASD as Anima computes it (voxels; not a distance)"),
    Metric("hd95_mm", "mm", "lower", 0.0, "HD95 (mm)"),
    Metric("inference_s", "s", "lower", None, "Inference time (s)"),
    Metric("volume_mm3", "mm3", "none", None, "Volume (mm³)"),
    Metric("tails_left_out_pct", "%", "none", 0.0, "Faint values left out as no part of the cord (%)"),
    Metric("angle_ap_deg", "deg", "none", None, "Tilt about the A-P axis (°)"),
    Metric("angle_rl_deg", "deg", "none", None, "Tilt about the R-L axis (°)"),
    Metric("length_mm", "mm", "none", None, "Length along the cord (mm)"),
    Metric("diameter_ap_mm", "mm", "none", None, "A-P diameter (mm)"),
    Metric("diameter_ap_ellipse_mm", "mm", "none", None, "A-P diameter of the ellipse (mm)"),
    Metric("diameter_rl_mm", "mm", "none", None, "R-L diameter (mm)"),
    Metric("length_anterior_mm", "mm", "none", None, "Anterior half of the A-P diameter (mm)"),
    Metric("length_posterior_mm", "mm", "none", None, "Posterior half of the A-P diameter (mm)"),
    Metric("eccentricity", "1", "none", None, "Eccentricity"),
    Metric("orientation_deg", "deg", "none", None, "Orientation in the axial plane (°)"),
    Metric("solidity", "1", "none", None, "Solidity"),
    *(
        Metric(f"{name}_norm_{what}", unit, "none", None, f"{label}, {words}")
        for name, label in (("csa", "CSA"), ("diameter_ap", "A-P diameter"), ("diameter_rl", "R-L diameter"))
        for what, unit, words in (
            ("z", "1", "z among healthy"),
            ("centile", "centile", "centile among healthy"),
        )
    ),
)
METRICS: dict[str, Metric] = {row.name: row for row in _ROWS}
# Of each, the soft mask's before the binarised one's.
CSA = ("csa_mm2", "csa_bin_mm2")
CSA_ERROR = ("csa_abs_error_mm2", "csa_bin_abs_error_mm2")
CSA_STD = ("csa_std_mm2", "csa_bin_std_mm2")
_OURS = frozenset(METRICS)


def add_metrics(rows: Iterable[Metric]) -> None:
    """Let softcord know metrics of others by their names, units and labels.

    Raises:
        ValueError: a name that one of softcord's metrics has, or that no key of a configuration could be.
    """
    for row in rows:
        if row.name in _OURS:
            raise ValueError(f"{row.name} is a metric of softcord's")
        if not row.name.isidentifier():
            raise ValueError(f"{row.name!r} is not of letters, digits and underscores")
        if row.better not in ("lower", "higher", "none"):
            raise ValueError(f"better: must be lower, higher or none, got {row.better!r}")
        METRICS[row.name] = row


def added_metrics() -> tuple[Metric, ...]:
    """Return the metrics of others."""
    return tuple(row for name, row in METRICS.items() if name not in _OURS)
