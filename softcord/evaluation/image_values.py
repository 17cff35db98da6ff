"""What the values of one predicted soft mask mean: CSA at each threshold, and their calibration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.evaluation.image import EvaluationImage
from softcord.io.nifti import Volume
from softcord.measure.calibration import border_reliability, pool_reliability
from softcord.measure.csa import METHOD_VERSION
from softcord.measure.image import reference_groups
from softcord.measure.slices import cord_voxels
from softcord.measure.threshold import csa_by_threshold


@dataclass(frozen=True)
class ImageValues:
    """The values of one predicted mask; columns as of :class:`SoftValues`, without contrast in the second."""

    curve: pd.DataFrame
    reliability: pd.DataFrame


@dataclass(frozen=True)
class SoftValues:
    """The values of one run's predicted masks.

    ``curves`` are rows of :func:`softcord.measure.threshold.csa_by_threshold` with participant_id,
    session_id, contrast, level and method_version; ``reliability`` those of
    :func:`softcord.measure.calibration.border_reliability` with contrast, all images of one pooled.
    """

    curves: pd.DataFrame
    reliability: pd.DataFrame


def image_values(
    image: EvaluationImage,
    mask: Volume,
    reference: Volume,
    discs: Volume | None,
    *,
    levels: tuple[int, ...],
    tails: bool = False,
) -> ImageValues:
    """Measure one predicted mask at each threshold; hold its values against the reference.

    Over the slices that the reference has at ``levels``, as CSA is measured, so that the curve at 0.5 is the
    image's csa_bin_mm2.

    Args:
        image: whose mask it is.
        mask: the prediction, in the reference's voxels; values beyond 0 and 1 count as 0 and 1.
        reference: the ground truth, values 0..1.
        discs: disc labels in the same space.
        levels: vertebral levels.
        tails: whether faint values far from the cord count.

    Raises:
        DataError: the discs hold none.
    """
    softseg = Volume(np.clip(mask.data, 0, 1), reference.affine)
    group = reference_groups(cord_voxels(reference, tails=tails), discs, levels)[0]
    curve = csa_by_threshold(softseg, group.slices, tails=tails, missed_as_zero=True)
    curve = curve.assign(
        participant_id=image.participant_id,
        session_id=image.session_id,
        contrast=image.contrast,
        level=group.level,
        method_version=METHOD_VERSION,
    )
    return ImageValues(curve, border_reliability(softseg, reference))


def values_together(
    images: Sequence[EvaluationImage], values: Mapping[Path, ImageValues]
) -> SoftValues | None:
    """Put the values of a run's masks together, in the order of ``images``; None where there are none.

    ``values`` are by image file.
    """
    there = [one for one in images if one.image in values]
    if not there:
        return None
    tables: dict[str, list[pd.DataFrame]] = {}
    for one in there:
        tables.setdefault(one.contrast, []).append(values[one.image].reliability)
    pooled = [pool_reliability(every).assign(contrast=contrast) for contrast, every in tables.items()]
    curves = pd.concat([values[one.image].curve for one in there], ignore_index=True)
    return SoftValues(curves, pd.concat(pooled, ignore_index=True))
