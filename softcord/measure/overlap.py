"""Overlap of two masks: Dice, relative volume error and volume, of soft and of binarised masks."""

import numpy as np
import numpy.typing as npt

AnyArray = npt.NDArray[np.generic]


def dice(pred_seg: AnyArray, reference_seg: AnyArray) -> float:
    """Dice of two hard masks, 0..1: twice the common voxels over the sum of both. Both empty: 1."""
    pred, reference = pred_seg.astype(np.bool_), reference_seg.astype(np.bool_)
    both = int(pred.sum()) + int(reference.sum())
    return 2.0 * int((pred & reference).sum()) / both if both else 1.0


def dice_soft(pred_softseg: AnyArray, reference_softseg: AnyArray) -> float:
    """Soft Dice, 2 Σ pq / (Σ p² + Σ q²), 0..1.

    1 only for equal masks, and equal to Dice for hard ones. (With Σ p + Σ q below the line, as in losses, a
    soft mask would not even agree with itself.) Both empty: 1.
    """
    pred, reference = pred_softseg.astype(np.float64), reference_softseg.astype(np.float64)
    both = float((pred**2).sum() + (reference**2).sum())
    return 2.0 * float((pred * reference).sum()) / both if both else 1.0


def rve_pct(pred: AnyArray, reference: AnyArray) -> float:
    """Signed relative volume error in percent: 100 (V - V_ref) / V_ref; -100 where the cord was missed.

    Of soft masks the partial volumes count. Reference empty: 0 if the other is empty too, else NaN.
    """
    volume, expected = (float(mask.sum(dtype=np.float64)) for mask in (pred, reference))
    if expected == 0:
        return 0.0 if volume == 0 else float("nan")
    return 100.0 * (volume - expected) / expected


def volume_mm3(mask: AnyArray, spacing_mm: tuple[float, float, float]) -> float:
    """Volume of a mask; partial volumes count by their value."""
    return float(mask.sum(dtype=np.float64)) * float(np.prod(spacing_mm))
