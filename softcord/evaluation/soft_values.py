"""The values of predicted soft masks that are files, for runs that did not keep them when they measured."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from softcord.evaluation.image import EvaluationImage
from softcord.evaluation.image_values import ImageValues, SoftValues, image_values, values_together
from softcord.evaluation.measure import WORTH_PROCESSES, mask_place
from softcord.io.masks import read_mask
from softcord.processes.parallel import parallel_map


def soft_values(
    images: Sequence[EvaluationImage],
    predictions: Path,
    *,
    levels: tuple[int, ...],
    tails: bool = False,
    jobs: int = 1,
) -> SoftValues | None:
    """Read the predicted masks of ``images`` and their references; return what their values mean.

    The same as :func:`softcord.evaluation.measure.measure_masks` hands over of masks that it has read.
    Images whose mask or reference cannot be read are left out (they were named where they were measured);
    None where no mask is there.
    """
    there = [image for image in images if mask_place(predictions, image).exists()]
    work = partial(_of_image, predictions=predictions, levels=levels, tails=tails)
    found = parallel_map(work, there, jobs if len(there) >= WORTH_PROCESSES else 1)
    values = {one.item.image: one.value for one in found if one.value is not None}
    return values_together(there, values)


def _of_image(
    image: EvaluationImage, *, predictions: Path, levels: tuple[int, ...], tails: bool
) -> ImageValues:
    """Return one image's values.

    Raises:
        DataError: its mask, reference or disc labels cannot be read.
    """
    mask, reference = read_mask(mask_place(predictions, image)), read_mask(image.reference)
    discs = read_mask(image.discs) if image.discs else None
    return image_values(image, mask, reference, discs, levels=levels, tails=tails)
