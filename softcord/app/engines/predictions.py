"""A folder of predictions made elsewhere, each assigned to its image."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from softcord.app.config.identity import digest
from softcord.app.config.instantiate import TARGET
from softcord.app.config.method_name import MethodWords, foreign_name
from softcord.app.config.plan import Plan
from softcord.app.engine import AfterEpoch, Engine, OnDone, Segment, Training
from softcord.app.inputs.training_data import Dataset
from softcord.data.filehash import content_hash, known_hashes
from softcord.data.settings import read_index
from softcord.errors import DataError
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.ingest.match import Matched, Predictions, match_predictions
from softcord.io.files import write_text
from softcord.track.store import RunRecord

logger = logging.getLogger("softcord")

ORPHANS = "orphans.txt"
_NAMED = 5  # more files are only counted


@dataclass(frozen=True)
class PredictionFolder(Predictions, Engine):
    """Take a folder's files for a method's masks; :class:`Predictions` says where and how they are named."""

    trains: ClassVar[bool] = False
    trains_on_images: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ()

    def method_name(self, words: MethodWords) -> str:
        """Name the method as its predictions are called."""
        return foreign_name(self.name, words.variant)

    def recorded(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings without where the files lie: their content is part of the identity."""
        named = {**node, TARGET: f"{Predictions.__module__}.{Predictions.__name__}"}
        return {key: value for key, value in named.items() if key != "path"}

    def identity(self, plan: Plan, dataset: Dataset) -> dict[str, str]:
        """Return a hash of the files that belong to test images: other files make another run."""
        return {"predictions": _identity(plan, self, dataset)}

    def without_masks(self, plan: Plan, images: Sequence[EvaluationImage]) -> tuple[str, ...]:
        """Return the contrasts of which the folder has a mask of nobody, unless it has none at all."""
        contrast_of = {
            Path(row["image"]): row["contrast"] for row in read_index(plan.data).to_dict("records")
        }
        covered = {contrast_of[image] for image, files in _matched(plan, self).of_image.items() if files}
        there = dict.fromkeys(image.contrast for image in images)
        return tuple(contrast for contrast in there if contrast not in covered) if covered else ()

    def prepare(self, plan: Plan, _dataset: Dataset) -> Training:
        """Return what assigns the files of the folder to the test images."""
        return partial(_match, plan, self)


def _identity(plan: Plan, predictions: Predictions, dataset: Dataset) -> str:
    matched = _matched(plan, predictions)
    cache = plan.paths.data_dir / "cache"
    hashes = known_hashes(cache)

    def content(file: Path) -> str:
        try:
            return content_hash(file, cache, hashes)
        except DataError:  # its image is missing, which is said where it would be measured
            return "unreadable"

    files = {
        Path(image).name: [content(file) for file in matched.of_image.get(Path(image), ())]
        for image in dataset.test["image"]
    }
    return digest(files)


def _matched(plan: Plan, predictions: Predictions) -> Matched:
    rows = read_index(plan.data).to_dict("records")
    images = {(row["participant_id"], row["session_id"], row["contrast"]): Path(row["image"]) for row in rows}
    return match_predictions(predictions.folder, images, predictions.pattern)


def _match(
    plan: Plan,
    predictions: Predictions,
    run_dir: Path,
    _entry: RunRecord,
    _after_epoch: AfterEpoch | None,
) -> Segment:
    matched = _matched(plan, predictions)
    for file in matched.orphans[:_NAMED]:
        logger.warning("%s: belongs to no image of %s", file, plan.data.name)
    if len(matched.orphans) > _NAMED:
        logger.warning("and %d more files that belong to no image", len(matched.orphans) - _NAMED)
    write_text(run_dir / ORPHANS, "".join(f"{file}\n" for file in matched.orphans))
    return partial(_masks_of, predictions, matched)


def _masks_of(
    predictions: Predictions,
    matched: Matched,
    images: Sequence[EvaluationImage],
    _predictions: Path,
    on_done: OnDone,
) -> Masks:
    masks = Masks()
    for image in images:
        files = matched.of_image.get(image.image, ())
        if len(files) == 1:
            masks.found[image.image] = Mask(files[0])
        elif files:
            names = ", ".join(str(file.relative_to(predictions.folder)) for file in files)
            masks.missing[image.image] = f"{len(files)} files are for it ({names}); say which with pattern="
        else:
            masks.missing[image.image] = f"no file in {predictions.folder} is for it"
        on_done(image.image.name)
    others = len(set(matched.of_image) - {image.image for image in images})
    if others:
        logger.info("predictions of %d images that are not tested are not measured", others)
    return masks
