"""What the values of predicted soft masks mean: CSA at each threshold, and their calibration."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.evaluation.image import EvaluationImage
from softcord.evaluation.measure import WORTH_PROCESSES, mask_place
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume
from softcord.measure.calibration import border_reliability, pool_reliability
from softcord.measure.csa import METHOD_VERSION
from softcord.measure.image import reference_groups
from softcord.measure.slices import cord_voxels
from softcord.measure.threshold import csa_by_threshold
from softcord.processes.parallel import parallel_map


@dataclass(frozen=True)
class SoftValues:
    """The values of one run's predicted masks.

    ``curves`` are rows of :func:`softcord.measure.threshold.csa_by_threshold` with participant_id,
    session_id, contrast, level and method_version; ``reliability`` those of
    :func:`softcord.measure.calibration.border_reliability` with contrast, all images of one pooled.
    """

    curves: pd.DataFrame
    reliability: pd.DataFrame


def soft_values(
    images: Sequence[EvaluationImage],
    predictions: Path,
    *,
    levels: tuple[int, ...],
    tails: bool = False,
    jobs: int = 1,
) -> SoftValues | None:
    """Measure the predicted masks of ``images`` at each threshold; hold their values against the reference.

    Over the slices that the reference has at ``levels``, as CSA is measured, so that the curve at 0.5 is the
    image's csa_bin_mm2. Images whose mask or reference cannot be read are left out (they were named where
    they were measured); None where no mask is there.
    """
    there = [image for image in images if mask_place(predictions, image).exists()]
    work = partial(_of_image, predictions=predictions, levels=levels, tails=tails)
    found = list(parallel_map(work, there, jobs if len(there) >= WORTH_PROCESSES else 1))
    values = {one.item.image: one.value for one in found if one.value is not None}
    if not values:
        return None
    curves = pd.concat([values[one.image][0] for one in there if one.image in values], ignore_index=True)
    tables: dict[str, list[pd.DataFrame]] = {}
    for one in there:
        if one.image in values:
            tables.setdefault(one.contrast, []).append(values[one.image][1])
    pooled = [pool_reliability(every).assign(contrast=contrast) for contrast, every in tables.items()]
    return SoftValues(curves, pd.concat(pooled, ignore_index=True))


def _of_image(
    image: EvaluationImage, *, predictions: Path, levels: tuple[int, ...], tails: bool
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return one image's curve and reliability.

    Raises:
        DataError: its mask, reference or disc labels cannot be read.
    """
    reference = read_mask(image.reference)
    data = np.clip(read_mask(mask_place(predictions, image)).data, 0, 1)
    softseg = Volume(data, reference.affine)
    discs = read_mask(image.discs) if image.discs else None
    group = reference_groups(cord_voxels(reference, tails=tails), discs, levels)[0]
    curve = csa_by_threshold(softseg, group.slices, tails=tails, missed_as_zero=True)
    curve = curve.assign(
        participant_id=image.participant_id,
        session_id=image.session_id,
        contrast=image.contrast,
        level=group.level,
        method_version=METHOD_VERSION,
    )
    return curve, border_reliability(softseg, reference)
