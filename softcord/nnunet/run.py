"""nnU-Net's steps; each is skipped where an earlier start of the same run has ended it."""

import json
import logging
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType

from softcord.errors import RunError
from softcord.evaluation.timing import write_inference_s
from softcord.io.files import write_json, write_text
from softcord.nnunet import predict_images, train_model
from softcord.nnunet.export import DATASET, Case, export_dataset, is_exported, write_splits
from softcord.nnunet.install import Install
from softcord.nnunet.log import EpochReader, OnEpoch
from softcord.nnunet.settings import NnUNetSettings
from softcord.processes.program import run_process

logger = logging.getLogger("softcord")

FINAL_CHECKPOINT = "fold_0/checkpoint_final.pth"  # below a model's folder


@dataclass(frozen=True)
class Work:
    """Where and with what nnU-Net works: ``folder`` is the run's own, all that it writes lies below.

    ``device`` is cpu or cuda, ``jobs`` the number of processes, ``workers`` those that augment, ``threads``
    those of the net on a processor.
    """

    install: Install
    folder: Path
    device: str
    jobs: int
    workers: int
    threads: int

    @property
    def raw(self) -> Path:
        """The exported dataset."""
        return self.folder.absolute() / "raw"

    @property
    def preprocessed(self) -> Path:
        """Planned and preprocessed data."""
        return self.folder.absolute() / "preprocessed"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of nnU-Net's processes."""
        return {
            "nnUNet_raw": str(self.raw),
            "nnUNet_preprocessed": str(self.preprocessed),
            "nnUNet_results": str(self.folder.absolute() / "results"),
            "nnUNet_def_n_proc": str(self.jobs),
            "OMP_NUM_THREADS": str(self.threads),
            # softcord's own modules are nothing to nnU-Net's Python.
            "PYTHONPATH": "",
        }


def model_folder(folder: Path, configuration: str) -> Path:
    """Return where below its work folder nnU-Net leaves the trained model of a configuration."""
    return folder.absolute() / "results" / DATASET / f"nnUNetTrainer__nnUNetPlans__{configuration}"


def find_model(folder: Path) -> Path | None:
    """Return the folder of the model that a finished training left in its work folder, None if none did."""
    found = sorted(model_folder(folder, "*").parent.glob(f"*/{FINAL_CHECKPOINT}"))
    return found[0].parents[1] if found else None


def train_nnunet(
    work: Work,
    settings: NnUNetSettings,
    train: Sequence[Case],
    val: Sequence[Case],
    *,
    seed: int,
    on_epoch: OnEpoch,
    on_export: Callable[[str], None] | None = None,
) -> None:
    """Export, plan, preprocess and train, or go on with what an earlier start has begun.

    Raises:
        DataError: images or labels that cannot be used.
        RunError: nnU-Net fails; its log is named.
    """
    model = model_folder(work.folder, settings.configuration)
    if (model / FINAL_CHECKPOINT).exists():
        logger.info("nnU-Net's training is complete")
        return
    if not is_exported(work.raw):
        export_dataset(work.raw, [*train, *val], jobs=work.jobs, on_done=on_export)
    _preprocess(work, settings.configuration)
    if settings.split_by == "participant":
        write_splits(work.preprocessed, train, val)
    resume = _has_checkpoint((model / FINAL_CHECKPOINT).parent)
    if resume:
        logger.info("nnU-Net goes on from its last checkpoint")
    request = {
        "preprocessed": str(work.preprocessed / DATASET),
        "configuration": settings.configuration,
        "device": work.device,
        "seed": seed,
        "resume": resume,
        "save_every": settings.save_every_epochs,
        **asdict(settings.length),
    }
    # On a graphics card nnU-Net's own number of augmenting processes is better than none.
    workers = {"nnUNet_n_proc_DA": str(work.workers)} if work.workers or work.device == "cpu" else {}
    _run_script(work, train_model, request, "train", env=workers, on_line=EpochReader(on_epoch))


def _preprocess(work: Work, configuration: str) -> None:
    done = work.preprocessed / "complete"
    if done.exists():
        return
    logger.info("nnU-Net plans and preprocesses")
    command = str(work.install.command("nnUNetv2_plan_and_preprocess"))
    arguments = ["-d", "1", "--verify_dataset_integrity", "--no_pbar", "-c", configuration]
    arguments += ["-np", str(work.jobs), "-npfp", str(work.jobs)]
    run_process([command, *arguments], work.folder / "preprocess.log", env=work.environment)
    write_text(done, "")


def _has_checkpoint(folder: Path) -> bool:
    """Whether there is a checkpoint to go on from; one that was cut off while being written is removed."""
    names = ("checkpoint_latest.pth", "checkpoint_best.pth")
    there = [folder / name for name in names if (folder / name).exists()]
    for path in there:
        if not zipfile.is_zipfile(path):
            path.unlink()
    return any(path.exists() for path in there)


def predict_nnunet(
    work: Work,
    model: Path,
    masks: Mapping[Path, Path],
    *,
    on_done: Callable[[str], None] | None = None,
) -> dict[Path, str]:
    """Predict each image (key) to its mask (value); return the errors of those that nnU-Net failed on.

    ``model`` is the folder of a trained model. Images that have a mask are left alone. Each mask has its
    inference time noted beside it (:mod:`softcord.evaluation.timing`). Where nnU-Net dies on an image (short
    of memory, say), it is started again for those after it.

    Raises:
        RunError: nnU-Net dies before it has loaded its model.
    """
    for mask in masks.values():
        mask.parent.mkdir(parents=True, exist_ok=True)
    waiting = {str(image.absolute()): image for image, mask in masks.items() if not mask.exists()}
    errors: dict[Path, str] = {}
    while waiting:
        listener = _Listener(masks, waiting, errors, on_done)
        request = {
            "model": str(model.absolute()),
            "device": work.device,
            "threads": work.threads,
            "images": [(path, str(masks[image].absolute())) for path, image in waiting.items()],
        }
        why = "nnU-Net ended without a word of it"
        try:
            _run_script(work, predict_images, request, "predict", on_line=listener.read)
        except RunError as error:
            if listener.start_s is None or not waiting:
                raise
            why = str(error)
        if waiting:
            listener.end_image(next(iter(waiting)), why)
    return errors


class _Listener:
    """Reads of each image how its prediction ended, and takes it off those that wait."""

    def __init__(
        self,
        masks: Mapping[Path, Path],
        waiting: dict[str, Path],
        errors: dict[Path, str],
        on_done: Callable[[str], None] | None,
    ) -> None:
        self.masks, self.waiting, self.errors, self.on_done = masks, waiting, errors, on_done
        self.started = time.perf_counter()
        self.start_s: float | None = None

    def read(self, line: str) -> None:
        """Take a line of predict_images.py."""
        said = json.loads(line) if line.startswith("{") else {}
        if "ready" in said:
            self.start_s = time.perf_counter() - self.started
        elif "error" in said:
            self.end_image(said["image"], f"nnU-Net failed: {said['error']}")
        elif "seconds" in said:
            mask = self.masks[self.waiting[said["image"]]]
            write_inference_s(mask, (self.start_s or 0.0) + said["seconds"])
            self.end_image(said["image"])

    def end_image(self, path: str, error: str = "") -> None:
        """Note that an image has its mask, or why it has none."""
        image = self.waiting.pop(path)
        if error:
            self.errors[image] = error
        if self.on_done:
            self.on_done(image.name)


def _run_script(
    work: Work,
    script: ModuleType,
    request: Mapping[str, object],
    name: str,
    *,
    env: Mapping[str, str] | None = None,
    on_line: Callable[[str], None],
) -> None:
    """Let nnU-Net's Python run one of our files."""
    path = work.folder / f"{name}.json"
    write_json(path, request)
    command = [str(work.install.python), str(script.__file__), str(path)]
    variables = {**work.environment, **(env or {})}
    run_process(command, work.folder / f"{name}.log", env=variables, on_line=on_line)
