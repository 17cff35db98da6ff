"""One participant: hard masks in, ground truth in every contrast's native space out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.errors import DataError
from softcord.gt.align import Alignment, align, common_frame, overlap
from softcord.gt.average import soft_average
from softcord.gt.check import check_participant
from softcord.gt.discs import carry_discs, disc_points
from softcord.gt.grid import CordMask, Grid, cord_mask, grid_of, rpi_grid
from softcord.gt.resample import Covered, to_frame, to_native
from softcord.gt.settings import GtSettings
from softcord.gt.summary import Row, contrast_row
from softcord.gt.warp import SliceWarp, no_displacement
from softcord.io.nifti import Volume, from_rpi
from softcord.remedies import Remedy


@dataclass(frozen=True)
class ParticipantGt:
    """A participant's ground truth.

    ``softsegs`` by contrast in native space: float32 in 0..1, or uint8-valued 0/1 for ``soft_bin``. ``discs``
    carried labels, for contrasts without their own. ``rows`` of the report by contrast.
    """

    softsegs: dict[str, Volume]
    discs: dict[str, Volume]
    rows: dict[str, Row]


def build_participant(
    hard_segs: Mapping[str, Volume],
    contrasts: Sequence[str],
    settings: GtSettings,
    spaces: Mapping[str, Grid] | None = None,
    discs: Mapping[str, Volume] | None = None,
) -> ParticipantGt:
    """Check, align, average and bring back the masks of one participant (paper section 2.2).

    Contrasts outside ``contrasts`` are aligned and receive the ground truth, but do not enter the average. A
    contrast without a mask receives it by its header alone.

    Args:
        hard_segs: 0/1 masks by contrast, in any orientation.
        contrasts: those that enter the average, as far as they are there.
        settings: the recipe.
        spaces: native grids of the images by contrast; those of the masks if None.
        discs: disc labels by contrast.

    Raises:
        DataError: masks or discs are unfit (all findings in one message), or do not overlap.
    """
    discs = discs or {}
    spaces = {key: grid_of(mask) for key, mask in hard_segs.items()} | dict(spaces or {})
    findings = check_participant(hard_segs, spaces, discs, settings.reference)
    if findings:
        what = "; ".join(f"{f.contrast}: {f.what}" for f in findings)
        raise DataError("ground truth", what, findings[0].hint)
    return build_checked(hard_segs, contrasts, settings, spaces, discs)


def build_checked(
    hard_segs: Mapping[str, Volume],
    contrasts: Sequence[str],
    settings: GtSettings,
    spaces: Mapping[str, Grid],
    discs: Mapping[str, Volume],
) -> ParticipantGt:
    """Do as `build_participant` with masks and discs that have been checked."""
    masks = {contrast: cord_mask(volume) for contrast, volume in hard_segs.items()}
    alignments = _align_all(masks, settings)
    warps = {contrast: found.warp for contrast, found in alignments.items()}
    frame = common_frame(masks[settings.reference].grid, list(masks.values()), [warps[key] for key in masks])
    if not settings.beyond_reference:
        frame = overlap(frame, masks[settings.reference].grid)
    warped = {key: to_frame(masks[key], warps[key], frame, settings, _trim(key, settings)) for key in masks}
    entering = {contrast: warped[contrast] for contrast in contrasts if contrast in warped}
    soft = _averaged(entering, settings)
    if not soft.values.any():
        raise DataError("ground truth", "no cord is left in the average", Remedy.TRIM_LESS)
    warps |= {contrast: no_displacement(frame) for contrast in spaces if contrast not in warps}
    softsegs = {
        key: _native(soft, frame, warps[key], spaces[key], masks.get(key), settings) for key in spaces
    }
    carried = _carry_all(discs, warps, spaces, settings.reference)
    rows = {
        key: contrast_row(key, entering, warped.get(key), soft, alignments.get(key), settings)
        for key in spaces
    }
    return ParticipantGt(softsegs, carried, rows)


def _align_all(masks: Mapping[str, CordMask], settings: GtSettings) -> dict[str, Alignment]:
    reference = masks[settings.reference]
    alignments = {}
    for contrast, mask in masks.items():
        try:
            alignments[contrast] = align(reference, mask, settings)
        except ValueError as error:
            hint = "Check the masks' S-I coverage and headers, or exclude the image"
            raise DataError(contrast, f"cannot be aligned to {settings.reference}: {error}", hint) from error
    return alignments


def _trim(contrast: str, settings: GtSettings) -> float:
    return 0.0 if contrast in settings.trim_except else settings.trim_mm


def _averaged(entering: Mapping[str, Covered], settings: GtSettings) -> Covered:
    try:
        return soft_average(entering, settings)
    except ValueError as error:
        raise DataError("ground truth", str(error), "Add a mask of one of the study's contrasts") from error


def _native(
    soft: Covered, frame: Grid, warp: SliceWarp, native: Grid, mask: CordMask | None, settings: GtSettings
) -> Volume:
    grid = rpi_grid(native)
    slices = (0, grid.shape[2] - 1) if mask is None else (int(mask.origin[2]), int(mask.last[2]))
    crossing = np.zeros((3, grid.shape[2])) if mask is None else mask.crossing_mm
    values: npt.NDArray[np.float32] = to_native(soft, frame, warp, grid, slices, crossing, settings)
    if settings.name == "soft_bin":
        values = (values > 0.5).astype(np.float32)
    return Volume(from_rpi(values, native.affine).astype(np.float32, copy=False), native.affine)


def _carry_all(
    discs: Mapping[str, Volume], warps: Mapping[str, SliceWarp], spaces: Mapping[str, Grid], reference: str
) -> dict[str, Volume]:
    """Carry the reference's discs (or else T1w's, or any there are) to the contrasts that have none."""
    order = sorted(discs, key=lambda contrast: (contrast != reference, contrast != "T1w", contrast))
    if not order or order[0] not in warps:
        return {}
    points = disc_points(discs[order[0]])
    source = warps[order[0]]
    carried = {
        contrast: Volume(carry_discs(points, source, warps[contrast], space).astype(np.float32), space.affine)
        for contrast, space in spaces.items()
        if contrast not in discs
    }
    # an image that no disc lies in has no labels: an empty file of them cannot be measured with
    return {contrast: labels for contrast, labels in carried.items() if labels.data.any()}
