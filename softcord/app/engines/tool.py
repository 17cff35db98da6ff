"""A program that segments, run on each test image."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from softcord.app.config.instantiate import TARGET
from softcord.app.config.method_name import MethodWords, foreign_name
from softcord.app.config.plan import Plan
from softcord.app.console.remedies import told
from softcord.app.engine import AfterEpoch, Engine, OnDone, Segment, Training
from softcord.app.inputs.training_data import Dataset
from softcord.errors import RunError
from softcord.evaluation.image import EvaluationImage, Mask, Masks
from softcord.evaluation.timing import read_inference_s, write_inference_s
from softcord.ingest.tool import Tool, check_tool, segment, tool_version
from softcord.sweep.folder import TOOL
from softcord.track.store import RunRecord


@dataclass(frozen=True)
class Program(Tool, Engine):
    """Run a program on each test image; :class:`~softcord.ingest.tool.Tool` says how it is called."""

    trains: ClassVar[bool] = False
    trains_on_images: ClassVar[bool] = False
    reads: ClassVar[tuple[str, ...]] = ()
    work_folders: ClassVar[tuple[str, ...]] = (TOOL,)

    def method_name(self, words: MethodWords) -> str:
        """Name the method after the option of conf/engine."""
        return foreign_name(words.choices["engine"], words.variant)

    def recorded(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings under the name by which they have always been recorded."""
        return {**node, TARGET: f"{Tool.__module__}.{Tool.__name__}"}

    def prepare(self, _plan: Plan, _dataset: Dataset) -> Training:
        """Return what looks for the program and then runs it on each image."""
        return partial(_find_tool, self)


def _find_tool(tool: Tool, run_dir: Path, entry: RunRecord, _after_epoch: AfterEpoch | None) -> Segment:
    check_tool(tool)
    entry.tag({f"provenance.{tool.program}": tool_version(tool)})
    return partial(_run_tool, tool, run_dir / TOOL)


def _run_tool(
    tool: Tool, folder: Path, images: Sequence[EvaluationImage], _predictions: Path, on_done: OnDone
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
            masks.missing[image.image] = told(error)
        on_done(image.image.name)
    return masks
