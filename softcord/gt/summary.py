"""What the report says about one contrast of one participant."""

from collections.abc import Mapping

import numpy as np

from softcord.gt.align import Alignment
from softcord.gt.resample import Covered
from softcord.gt.settings import GtSettings

Row = dict[str, str | int | float | None]


def contrast_row(
    contrast: str,
    entering: Mapping[str, Covered],
    warped: Covered | None,
    soft: Covered,
    alignment: Alignment | None,
    settings: GtSettings,
) -> Row:
    """Return the report's numbers on alignment and agreement; None where a number does not apply.

    ``weight_share`` is the contrast's part in the average over the soft mask's voxels, 0..1;
    ``dice_with_average`` and ``area_vs_average_pct`` compare the aligned hard mask with the average where the
    contrast covers it.
    """
    row: Row = {"role": "averaged" if contrast in entering else "received"}
    row["weight_share"] = _weight_share(contrast, entering, soft, settings)
    if alignment is None or warped is None:
        return row | {"slices_matched": 0}
    return row | _motion(alignment, settings) | _agreement(warped, soft)


def _motion(alignment: Alignment, settings: GtSettings) -> Row:
    warp, matched = alignment.warp, alignment.is_matched
    unmatched = int((alignment.has_cord & ~matched).sum())
    is_left = settings.unmatched_slices == "zero"
    slice_mm = float(warp.frame.spacing_mm[2])
    return {
        "coverage_mm": float(alignment.has_cord.sum()) * slice_mm,
        "slices_matched": int(matched.sum()),
        "slices_carried": 0 if is_left else unmatched,
        "slices_unmoved": unmatched if is_left else 0,
        "residual_before_mm": float(np.nanmean(alignment.before_mm)),
        "residual_after_mm": float(np.nanmax(alignment.after_mm)),
        "shift_max_mm": float(np.linalg.norm(warp.shift_mm, axis=0).max()),
        "rotation_max_deg": float(np.rad2deg(np.abs(warp.angle_rad).max())),
    }


def _agreement(warped: Covered, soft: Covered) -> Row:
    average = soft.values * warped.fov
    if not average.any():
        return {}
    common = float((warped.values * soft.values).sum())
    # for a soft average the plain Dice cannot reach 1; this one does for equal masks
    squares = float((warped.values**2).sum() + (average**2).sum())
    return {
        "dice_with_average": 2 * common / squares,
        "area_vs_average_pct": 100 * float(warped.values.sum() / average.sum() - 1),
    }


def _weight_share(
    contrast: str, entering: Mapping[str, Covered], soft: Covered, settings: GtSettings
) -> float:
    if contrast not in entering:
        return 0.0
    cord = soft.values > 0
    weights = {key: settings.weights.get(key, 1.0) for key in entering}
    cover = np.sum([weights[key] * entering[key].fov[cord] for key in entering], axis=0)
    own = weights[contrast] * entering[contrast].fov[cord]
    return float((own / np.where(cover > 0, cover, 1)).mean()) if cord.any() else 0.0
