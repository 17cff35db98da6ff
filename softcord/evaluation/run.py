"""Let a trained net predict test images: soft masks in native space, each timed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.nifti import Volume, write_like
from softcord.predict.check_image import read_checked
from softcord.predict.infer import PLAIN, Apply
from softcord.predict.package import Model, weights_sha256
from softcord.predict.readings import read_again
from softcord.predict.volume import PredictSettings, predict_volume
from softcord.predict.write import predictions_of, write_softseg
from softcord.uncertainty.ensemble import Ensemble
from softcord.uncertainty.paths import uncertainty_path


@dataclass(frozen=True)
class Predictor:
    """Apply a model to test images."""

    model: Model
    apply: Apply = PLAIN

    @cached_property
    def weights_sha256(self) -> str:
        """The checksum of the model's weights."""
        return weights_sha256(self.model)

    def __call__(self, image: EvaluationImage) -> Volume:
        """Return the soft mask of an image in the image's own space."""
        settings = PredictSettings(apply=self.apply)
        volume = read_checked(image.image, self.model.description.spacing_mm)
        return predict_volume(self.model, volume, settings).softseg

    def how_sure(self, image: EvaluationImage, softseg: Volume) -> Ensemble:
        """Return the readings of an image, of which ``softseg`` is one: three more predictions."""
        settings = PredictSettings(apply=self.apply)
        volume = read_checked(image.image, self.model.description.spacing_mm)
        readings = read_again(self.model, volume, softseg, settings)
        return replace(readings, weights_sha256=self.weights_sha256)


def predict_images(
    predict: Callable[[EvaluationImage], Volume],
    images: Sequence[EvaluationImage],
    predictions: Path,
    *,
    run: str,
    start_s: float | None = None,
    how_sure: Callable[[EvaluationImage, Volume], Ensemble] | None = None,
    on_done: Callable[[str], None] | None = None,
) -> Masks:
    """Predict each image and write its mask to the derivatives dataset ``predictions``.

    ``how_sure`` gives the readings of an image and its mask, whose spread is then written beside the mask.
    An image that cannot be predicted is missing, with the reason, and stops none of the others.

    ``start_s`` is how long the program takes until it can predict; with it, each mask has its inference time.
    """
    masks = Masks()
    for image in images:
        started = time.perf_counter()
        folder = predictions_of(predictions, image.participant_id)
        try:
            softseg = predict(image)
            path = write_softseg(folder, image.image, softseg, {"Run": run})
            if how_sure is not None:
                _write_how_sure(path, image.image, how_sure(image, softseg), run)
        except DataError as error:  # the image's own; the others go on
            masks.missing[image.image] = str(error)
        else:
            seconds = time.perf_counter() - started
            masks.found[image.image] = Mask(path, None if start_s is None else start_s + seconds)
        if on_done:
            on_done(image.image.name)
    return masks


def _write_how_sure(mask: Path, image: Path, readings: Ensemble, run: str) -> None:
    path = uncertainty_path(mask)
    write_like(path, readings.sd, image)
    said = "standard deviation of the readings' soft masks"
    made = {
        "Description": said,
        "Run": run,
        "ModelWeightsSha256": readings.weights_sha256,  # by which a calibration knows its own
        "Disagreement": round(readings.disagreement, 4),
    }
    write_json(sidecar_of(path), made)


def evaluate(
    predict: Callable[[EvaluationImage], Volume],
    images: Sequence[EvaluationImage],
    predictions: Path,
    *,
    levels: tuple[int, ...],
    tails: bool = False,
    labels: Mapping[str, str],
) -> pd.DataFrame:
    """Predict, write and measure each image; return the rows of measures.csv.

    ``labels`` fill the columns that say which run this is (run, method, gt, ...).
    """
    masks = predict_images(predict, images, predictions, run=labels["run"])
    return measure_masks(masks, images, predictions, Wanted(levels, tails), labels=labels).rows
