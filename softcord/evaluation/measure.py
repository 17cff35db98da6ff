"""Measure predicted masks, whoever made them: each is checked, kept and measured the same way."""

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.data.cache import check_label
from softcord.errors import DataError
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.image_values import ImageValues, SoftValues, image_values, values_together
from softcord.hints import and_more
from softcord.io.header import open_nifti
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume
from softcord.io.tables import MISSING
from softcord.measure.doubt import read_doubt
from softcord.measure.image import ImageMeasure, measure_image, measure_rows
from softcord.measure.own_metric import ImageMetric
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import Measure, measures_frame
from softcord.predict.write import predictions_of, softseg_path, write_softseg
from softcord.processes.parallel import parallel_map
from softcord.uncertainty.paths import uncertainty_path

logger = logging.getLogger("softcord")

# Starting processes costs as much as measuring so many images.
WORTH_PROCESSES = 50


@dataclass(frozen=True)
class Wanted:
    """What is measured: the vertebral levels, whether faint values far from the cord count (``tails``; of the
    reference too), the metrics of others by name, and whether CSA at each threshold and calibration are
    wanted, too (``soft_values``)."""

    levels: tuple[int, ...]
    tails: bool = False
    metrics: Sequence[tuple[str, ImageMetric]] = ()
    soft_values: bool = False


@dataclass(frozen=True)
class Measured:
    """What was measured of a set of masks.

    ``rows`` are those of measures.csv; ``missing`` says by image file why one has no values; ``soft_values``
    is None where they were not wanted.
    """

    rows: pd.DataFrame
    missing: dict[Path, str]
    soft_values: SoftValues | None = None


@dataclass(frozen=True)
class _OfImage:
    """What was measured of one mask; ``odd_map`` says what is wrong with its map of how sure it is."""

    measures: list[ImageMeasure]
    values: ImageValues | None
    odd_map: str


def measure_masks(
    masks: Masks,
    images: Sequence[EvaluationImage],
    predictions: Path,
    wanted: Wanted,
    *,
    labels: Mapping[str, str],
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> Measured:
    """Check and measure the masks of ``images``; each is read once.

    A mask from elsewhere is written, with its image's header, to its place in the derivatives dataset
    ``predictions``. An image whose mask is missing or cannot be used has its rows, without values, so that
    nothing forgets it. A map of how sure a mask is, beside it, adds the doubt of each CSA; one of no use is
    named in a warning and costs no more than that. ``labels`` fill the columns that say which run this is
    (run, method, gt, ...). The CSA STD across contrasts of each participant follows at the end. Where qform
    and sform of some image disagree there is a column ``space``.

    Raises:
        DataError: no image has a mask that can be used.
    """
    missing = {one.image: masks.missing[one.image] for one in images if one.image in masks.missing}
    pairs = [(one, masks.found[one.image]) for one in images if one.image in masks.found]
    measured: dict[Path, _OfImage] = {}
    odd_maps: list[str] = []
    measure = partial(_measure, predictions=predictions, wanted=wanted, run=labels["run"])
    for outcome in parallel_map(measure, pairs, jobs if len(pairs) >= WORTH_PROCESSES else 1):
        image = outcome.item[0].image
        if outcome.value is None:
            missing[image] = str(outcome.error)
        else:
            measured[image] = outcome.value
            odd_maps += [outcome.value.odd_map] if outcome.value.odd_map else []
        if on_done:
            on_done(image.name)
    if odd_maps:
        logger.warning("%s%s: measured without it", odd_maps[0], and_more(len(odd_maps) - 1))
    if not measured:
        why = "".join(f"; {image.name}: {reason}" for image, reason in [*missing.items()][:1])
        raise DataError(labels["method"], f"no image has a prediction that can be used{why}")
    rows: list[Measure] = []
    for one in images:
        found = measured.get(one.image)
        if found is None:
            mask_place(predictions, one).unlink(missing_ok=True)  # of an earlier start
        rows += measure_rows(
            found.measures if found else _without_values(one, wanted),
            participant_id=one.participant_id,
            session_id=one.session_id,
            contrast=one.contrast,
            **labels,
        )
    frame = measures_frame(rows)
    frame = pd.concat([frame, csa_std_rows(frame)], ignore_index=True)
    values = {image: one.values for image, one in measured.items() if one.values is not None}
    return Measured(_with_spaces(frame, images), missing, values_together(images, values))


def _with_spaces(frame: pd.DataFrame, images: Sequence[EvaluationImage]) -> pd.DataFrame:
    """Add the column ``space`` where qform and sform of some image disagree: which one its numbers are by."""
    names = {}
    for one in images:
        with suppress(DataError):  # an image that cannot be opened has no mask, and was named
            key = (one.participant_id, one.session_id, one.contrast)
            names[key] = open_nifti(one.image).space
    if not any(space.forms_disagree for space in names.values()):
        return frame
    rows = zip(frame["participant_id"], frame["session_id"], frame["contrast"], strict=True)
    return frame.assign(space=[names[key].name if key in names else MISSING for key in rows])


def _measure(
    pair: tuple[EvaluationImage, Mask],
    *,
    predictions: Path,
    wanted: Wanted,
    run: str,
) -> _OfImage:
    """Check and measure one mask.

    Raises:
        DataError: it, or the reference, cannot be read, holds NaN, is not on its image's grid or has values
            outside [0, 1].
    """
    image, mask = pair
    found, reference = read_mask(mask.path), read_mask(image.reference)
    space = open_nifti(image.image).space
    check_label(image.reference, reference, space)
    check_label(mask.path, found, space)
    softseg = Volume(np.clip(found.data, 0, 1), reference.affine)
    if mask.path != mask_place(predictions, image):
        folder = predictions_of(predictions, image.participant_id)
        write_softseg(folder, image.image, softseg, {"Run": run, "Prediction": str(mask.path)})
    sure = uncertainty_path(mask.path)
    sd, odd = read_doubt(sure, space) if sure.is_file() else (None, "")
    discs = read_mask(image.discs) if image.discs else None
    measured = _measures(image, softseg, reference, discs, wanted, sd)
    measured += [
        ImageMeasure(name, MISSING, _number(name, metric(softseg, reference)))
        for name, metric in wanted.metrics
    ]
    if mask.inference_s is not None:
        measured.append(ImageMeasure("inference_s", MISSING, mask.inference_s))
    if not wanted.soft_values:
        return _OfImage(measured, None, odd)
    values = image_values(image, softseg, reference, discs, levels=wanted.levels, tails=wanted.tails)
    return _OfImage(measured, values, odd)


def _number(name: str, value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DataError(f"metric {name}", f"gave {value!r}, which is no number") from error


def mask_place(predictions: Path, image: EvaluationImage) -> Path:
    """Return where the mask of an image lies in the derivatives dataset ``predictions``."""
    return softseg_path(predictions_of(predictions, image.participant_id), image.image)


def _measures(
    image: EvaluationImage,
    softseg: Volume,
    reference: Volume,
    discs: Volume | None,
    wanted: Wanted,
    sd: Volume | None = None,
) -> list[ImageMeasure]:
    return measure_image(
        softseg,
        reference_softseg=reference,
        discs=discs,
        truth_csa_mm2=image.truth_csa_mm2,
        levels=wanted.levels,
        tails=wanted.tails,
        sd=sd,
    )


def _without_values(image: EvaluationImage, wanted: Wanted) -> list[ImageMeasure]:
    """Return the measures that the image would have, as NaN."""
    reference, none = read_mask(image.reference), float("nan")
    discs = read_mask(image.discs) if image.discs else None
    measured = [replace(one, value=none) for one in _measures(image, reference, reference, discs, wanted)]
    return [*measured, *(ImageMeasure(name, MISSING, none) for name, _ in wanted.metrics)]
