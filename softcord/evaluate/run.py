"""Evaluate a trained net on test images: soft masks in native space, then measures."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.data.cache import CachedVolume
from softcord.data.resample import from_grid, make_grid
from softcord.measure.image import measure_image, measure_rows
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import Measure, measures_frame
from softcord.nifti import Volume, read_volume
from softcord.predict.infer import PLAIN, Apply
from softcord.predict.package import Model
from softcord.predict.volume import softseg_on_grid
from softcord.predict.write import predictions_of, write_softseg


@dataclass(frozen=True)
class TestImage:
    """One image to predict and measure.

    ``reference`` is the ground truth in the image's own space, ``hard_seg`` its hard mask where there is
    one, ``discs`` single-voxel disc labels,
    ``truth_csa_mm2`` the true area of a phantom at the wanted levels.
    """

    participant_id: str
    session_id: str
    contrast: str
    image: Path
    volume: CachedVolume
    reference: Path
    hard_seg: Path | None
    discs: Path | None
    truth_csa_mm2: float | None


@dataclass(frozen=True)
class Predictor:
    """Apply a model to test images, whose prepared volumes lie in the cache."""

    model: Model
    apply: Apply = PLAIN

    def __call__(self, image: TestImage) -> Volume:
        """Return the soft mask of an image in the image's own space."""
        native = read_volume(image.reference)
        i, j, k = native.data.shape
        grid = make_grid((i, j, k), native.affine, self.model.description.spacing_mm)
        softseg = softseg_on_grid(self.model, np.load(image.volume.image), apply=self.apply)
        return Volume(from_grid(softseg, grid), native.affine)


def evaluate(
    predict: Callable[[TestImage], Volume],
    images: Iterable[TestImage],
    predictions: Path,
    *,
    levels: tuple[int, ...],
    labels: Mapping[str, str],
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Predict, write and measure each image; return the rows of measures.csv.

    ``labels`` fill the columns that say which run this is (run, method, gt, ...). The CSA STD across
    contrasts of each participant follows at the end.
    """
    rows: list[Measure] = []
    for image in images:
        softseg = predict(image)
        folder = predictions_of(predictions, image.participant_id)
        write_softseg(folder, image.image, softseg, {"Run": labels["run"]})
        rows.extend(_measures(image, softseg, levels, labels))
        if on_done:
            on_done(image.image.name)
    frame = measures_frame(rows)
    return pd.concat([frame, csa_std_rows(frame)], ignore_index=True)


def _measures(
    image: TestImage, softseg: Volume, levels: tuple[int, ...], labels: Mapping[str, str]
) -> list[Measure]:
    measured = measure_image(
        softseg,
        reference_softseg=read_volume(image.reference),
        discs=read_volume(image.discs) if image.discs else None,
        truth_csa_mm2=image.truth_csa_mm2,
        levels=levels,
    )
    return measure_rows(
        measured,
        participant_id=image.participant_id,
        session_id=image.session_id,
        contrast=image.contrast,
        **labels,
    )
