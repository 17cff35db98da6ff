"""All measures of one segmented image: CSA per level, and overlap and distance to a reference."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.errors import DataError
from softcord.io.nifti import Volume, space_of
from softcord.io.space import misfit, shear_deg
from softcord.io.tables import MISSING
from softcord.measure.aggregate import findings_over, join_findings, mean_over, mean_with_missed
from softcord.measure.csa import Mode, csa_per_slice
from softcord.measure.doubt import mean_doubt_mm2, slice_doubt_mm2
from softcord.measure.groups import Group, group_slices
from softcord.measure.levels import levels_from_discs
from softcord.measure.overlap import dice, dice_soft, rve_pct, volume_mm3
from softcord.measure.slices import ROUNDING_DEG, SliceVoxels, slice_voxels
from softcord.measure.surface import asd_mm, hd95_mm, smallest_box
from softcord.measure.table import Measure
from softcord.measure.tails import TOLD_PCT, without_tails

Ints = npt.NDArray[np.int64]
HARD_THRESHOLD = 0.5


@dataclass(frozen=True)
class ImageMeasure:
    """One number of one image; ``findings`` say in one line what is odd about it, "" if nothing is."""

    metric: str
    level: str
    value: float
    findings: str = ""


def measure_image(
    pred_softseg: Volume,
    *,
    reference_softseg: Volume | None = None,
    discs: Volume | None = None,
    truth_csa_mm2: float | None = None,
    levels: tuple[int, ...] = (2, 3),
    tails: bool = False,
    sd: Volume | None = None,
) -> list[ImageMeasure]:
    """Measure one image's segmentation.

    CSA, soft and binarised (> 0.5), over ``levels`` together and each alone (without ``discs``: over the
    whole cord, level "all"). With a reference, the slices are those that the *reference* has at a level, so
    that a bad segmentation is not given other slices, and a slice in which the segmentation has no cord
    counts as 0 mm²: a cord that was missed never vanishes from the statistics. Without a reference such
    slices are left out. Levels that the image does not cover give NaN and a finding.

    Args:
        pred_softseg: values 0..1, native orientation.
        reference_softseg: values 0..1 on the same grid; adds errors, overlap and distances.
        discs: disc labels in the same space.
        truth_csa_mm2: true CSA over ``levels``; adds the errors against it.
        levels: vertebral levels, for the paper C2 and C3.
        tails: whether faint values far from the cord count, of both masks; else those of the segmentation
            are reported as ``tails_left_out_pct`` where they are more than 0.5 % of it.
        sd: how far readings of the image lie apart, on the same grid; adds ``csa_doubt_mm2``.

    Raises:
        DataError: the reference is on another grid, or the discs hold none.
    """
    if reference_softseg is not None:
        _check_same_grid(pred_softseg, reference_softseg)
    whole = float(pred_softseg.data.sum(dtype=np.float64))
    if not tails:
        pred_softseg = without_tails(pred_softseg).mask
        reference_softseg = None if reference_softseg is None else without_tails(reference_softseg).mask
    pred = slice_voxels(pred_softseg)
    reference = None if reference_softseg is None else slice_voxels(reference_softseg)
    groups = reference_groups(reference or pred, discs, levels)
    measures = list(_csa(pred, reference, groups, truth_csa_mm2))
    if sd is not None:
        _check_same_grid(sd, pred_softseg)
        doubt = slice_doubt_mm2(pred, sd)
        measures += [
            ImageMeasure("csa_doubt_mm2", group.level, mean_doubt_mm2(doubt, group.slices))
            for group in groups
        ]
    volume = volume_mm3(pred_softseg.data, pred.spacing_mm)
    measures.append(ImageMeasure("volume_mm3", MISSING, volume))
    left_out_pct = 100 * (1 - float(pred_softseg.data.sum(dtype=np.float64)) / whole) if whole > 0 else 0.0
    if left_out_pct > TOLD_PCT:
        measures.append(ImageMeasure("tails_left_out_pct", MISSING, left_out_pct))
    if reference_softseg is not None:
        measures += compare_masks(pred_softseg, reference_softseg)
    return measures


def measure_rows(measured: Iterable[ImageMeasure], **labels: str) -> list[Measure]:
    """Return an image's measures as rows of measures.csv; ``labels`` say whose they are."""
    return [Measure(metric=one.metric, level=one.level, value=one.value, **labels) for one in measured]


def _check_same_grid(pred: Volume, reference: Volume) -> None:
    off = misfit(space_of(reference), space_of(pred))
    if off is not None and not off.fits_as_used:
        what = off.what.replace("its image", "the reference")
        raise DataError("segmentation", what, "Bring both to the same voxel grid")


def reference_groups(base: SliceVoxels, discs: Volume | None, levels: tuple[int, ...]) -> list[Group]:
    """Return the slices to average over, each of them with cord in ``base`` (the reference) binarised.

    First ``levels`` together, then each of several alone; without ``discs`` the whole cord, "all".

    Raises:
        DataError: the discs hold none.
    """
    covered = base.binarised(HARD_THRESHOLD).filled
    if discs is None:
        return list(group_slices(covered))
    found = levels_from_discs(base, discs)
    together = group_slices(covered, found, levels)
    each = group_slices(covered, found, levels, per_level=True)
    return [*together, *(each if len(levels) > 1 else ())]


def _csa(
    pred: SliceVoxels, reference: SliceVoxels | None, groups: list[Group], truth_csa_mm2: float | None
) -> Iterator[ImageMeasure]:
    modes: tuple[tuple[Mode, str], ...] = (("soft", "csa"), ("bin", "csa_bin"))
    for mode, name in modes:
        areas = csa_per_slice(pred, mode=mode)
        expected = None if reference is None else csa_per_slice(reference, mode=mode)
        for group in groups:
            findings = join_findings((*group.findings, *findings_over(areas, group.slices)))
            mean = mean_over if expected is None else mean_with_missed
            csa = mean(areas, "area_mm2", group.slices)
            yield ImageMeasure(f"{name}_mm2", group.level, csa, findings)
            if expected is not None:
                error = abs(csa - mean_with_missed(expected, "area_mm2", group.slices))
                yield ImageMeasure(f"{name}_abs_error_mm2", group.level, error, findings)
            if truth_csa_mm2 is not None and group is groups[0]:
                error = abs(csa - truth_csa_mm2)
                yield ImageMeasure(f"{name}_truth_error_mm2", group.level, error, findings)


def compare_masks(pred: Volume, reference: Volume) -> list[ImageMeasure]:
    """Measure overlap and distance of a mask to its reference: soft as they are, hard where > 0.5.

    Raises:
        DataError: they are on different grids.
    """
    _check_same_grid(pred, reference)
    is_sheared = shear_deg(pred.affine) > ROUNDING_DEG
    spacing_mm = pred.affine[:3, :3] if is_sheared else pred.spacing_mm
    pred_seg, reference_seg = (mask.data > HARD_THRESHOLD for mask in (pred, reference))
    either = (pred.data != 0) | (reference.data != 0)
    box = smallest_box(either) if either.any() else ...
    values = {
        "dice": dice(pred_seg[box], reference_seg[box]),
        "dice_soft": dice_soft(pred.data[box], reference.data[box]),
        "rve_pct": rve_pct(pred_seg[box], reference_seg[box]),
        "rve_soft_pct": rve_pct(pred.data[box], reference.data[box]),
        "asd_mm": asd_mm(pred_seg, reference_seg, spacing_mm),
        "hd95_mm": hd95_mm(pred_seg, reference_seg, spacing_mm),
    }
    return [ImageMeasure(metric, MISSING, value) for metric, value in values.items()]
