"""Let a trained net predict test images: soft masks in native space, each timed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.measure import Wanted, measure_masks
from softcord.io.nifti import Volume
from softcord.predict.check_image import read_checked
from softcord.predict.infer import PLAIN, Apply
from softcord.predict.package import Model
from softcord.predict.volume import PredictSettings, predict_volume
from softcord.predict.write import predictions_of, write_softseg


@dataclass(frozen=True)
class Predictor:
    """Apply a model to test images."""

    model: Model
    apply: Apply = PLAIN

    def __call__(self, image: EvaluationImage) -> Volume:
        """Return the soft mask of an image in the image's own space."""
        settings = PredictSettings(apply=self.apply)
        volume = read_checked(image.image, self.model.description.spacing_mm)
        return predict_volume(self.model, volume, settings).softseg


def predict_images(
    predict: Callable[[EvaluationImage], Volume],
    images: Sequence[EvaluationImage],
    predictions: Path,
    *,
    run: str,
    start_s: float | None = None,
    on_done: Callable[[str], None] | None = None,
) -> Masks:
    """Predict each image and write its mask to the derivatives dataset ``predictions``.

    An image that cannot be predicted is missing, with the reason, and stops none of the others.

    ``start_s`` is how long the program takes until it can predict; with it, each mask has its inference time.
    """
    masks = Masks()
    for image in images:
        started = time.perf_counter()
        folder = predictions_of(predictions, image.participant_id)
        try:
            path = write_softseg(folder, image.image, predict(image), {"Run": run})
        except DataError as error:  # the image's own; the others go on
            masks.missing[image.image] = str(error)
        else:
            seconds = time.perf_counter() - started
            masks.found[image.image] = Mask(path, None if start_s is None else start_s + seconds)
        if on_done:
            on_done(image.image.name)
    return masks


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
    return measure_masks(masks, images, predictions, Wanted(levels, tails), labels=labels)[0]
