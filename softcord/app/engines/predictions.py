"""Methods that are not trained here: a program that segments, or a folder of predictions made elsewhere."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.plan import Plan, digest
from softcord.app.inputs.training_data import Dataset
from softcord.data.filehash import content_hash, known_hashes
from softcord.data.settings import read_index
from softcord.errors import DataError, RunError
from softcord.evaluation.image import Mask, Masks, TestImage
from softcord.evaluation.timing import read_inference_s, write_inference_s
from softcord.ingest.match import Matched, Predictions, match_predictions
from softcord.ingest.tool import Tool, check_tool, segment, tool_version
from softcord.io.files import write_text
from softcord.track.store import RunRecord

if TYPE_CHECKING:
    from softcord.app.engine import AfterEpoch, OnDone, Segment, Training

logger = logging.getLogger("softcord")

TOOL = "tool"
ORPHANS = "orphans.txt"
_NAMED = 5  # more files are only counted


def prepare_tool(tool: Tool) -> "Training":
    """Return what looks for the program and then runs it on each image."""
    return partial(_find_tool, tool)


def _find_tool(tool: Tool, run_dir: Path, entry: RunRecord, _after_epoch: "AfterEpoch | None") -> "Segment":
    check_tool(tool)
    entry.tag({f"provenance.{tool.program}": tool_version(tool)})
    return partial(_run_tool, tool, run_dir / TOOL)


def _run_tool(
    tool: Tool, folder: Path, images: Sequence[TestImage], _predictions: Path, on_done: "OnDone"
) -> Masks:
    """Segment each image that has no mask yet; one that fails is tried again at the next start."""
    masks = Masks()
    for image in images:
        mask = folder / f"{image.name}.nii.gz"
        try:
            if not mask.exists():
                log = folder / f"{image.name}.log"
                write_inference_s(mask, segment(tool, image.image, image.contrast, mask, log))
            masks.found[image.image] = Mask(mask, read_inference_s(mask))
        except RunError as error:
            masks.missing[image.image] = str(error)
        on_done(image.image.name)
    return masks


def prepare_predictions(plan: Plan, predictions: Predictions) -> "Training":
    """Return what assigns the files of a folder to the test images."""
    return partial(_match, plan, predictions)


def predictions_identity(plan: Plan, predictions: Predictions, dataset: Dataset) -> str:
    """Return a hash of the files that belong to test images: other files make another run."""
    matched = _matched(plan, predictions)
    cache = plan.data_dir / "cache"
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
    _after_epoch: "AfterEpoch | None",
) -> "Segment":
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
    images: Sequence[TestImage],
    _predictions: Path,
    on_done: "OnDone",
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
