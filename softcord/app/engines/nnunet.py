"""``baseline=nnunet2d|nnunet3d``: train nnU-Net on a run's data and predict its test images."""

import logging
import shutil
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.app.inputs.training_data import Dataset
from softcord.evaluation.image import Mask, Masks, TestImage, unique_name
from softcord.evaluation.timing import read_inference_s
from softcord.nnunet.export import Case
from softcord.nnunet.install import find_nnunet, nnunet_versions
from softcord.nnunet.run import Work, model_folder, predict_nnunet, train_nnunet
from softcord.nnunet.settings import NnUNetSettings
from softcord.track.store import RunRecord

if TYPE_CHECKING:
    import pandas as pd

    from softcord.app.engine import AfterEpoch, OnDone, Segment, Training

logger = logging.getLogger("softcord")

NNUNET = "nnunet"


def prepare_nnunet(plan: Plan, settings: NnUNetSettings, dataset: Dataset) -> "Training":
    """Return what trains nnU-Net on the split's training images and validates on its validation images."""
    return partial(_train, plan, settings, _cases(dataset.train), _cases(dataset.val))


def _cases(table: "pd.DataFrame") -> list[Case]:
    rows = table.to_dict("records")
    return [
        Case(unique_name(row["participant_id"], Path(row["image"])), Path(row["image"]), Path(row["label"]))
        for row in rows
    ]


def _train(
    plan: Plan,
    settings: NnUNetSettings,
    train: Sequence[Case],
    val: Sequence[Case],
    run_dir: Path,
    entry: RunRecord,
    _after_epoch: "AfterEpoch | None",  # nnU-Net has no predictor before its end
) -> "Segment":
    work = nnunet_work(plan, run_dir)
    entry.tag({f"provenance.{key}": value for key, value in nnunet_versions(work.install).items()})
    logger.info("nnU-Net %s trains on %d images", settings.configuration, len(train))
    with phase("export for nnU-Net", len(train) + len(val)) as on_done:
        train_nnunet(
            work,
            settings,
            train,
            val,
            seed=plan.seed,
            on_epoch=lambda epoch, metrics: entry.metrics(metrics, epoch),
            on_export=on_done,
        )
    for name in ("train.log", "preprocess.log"):
        entry.artifact(work.folder / name, NNUNET)
    return partial(_predict, work, model_folder(work.folder, settings.configuration))


def nnunet_work(plan: Plan, run_dir: Path) -> Work:
    """Return how nnU-Net works for a run.

    Raises:
        UsageError: nnU-Net is not installed.
    """
    import torch

    from softcord.train.device import training_device

    machine = plan.machine
    return Work(
        install=find_nnunet(Path(machine.nnunet) if machine.nnunet else None),
        folder=run_dir / NNUNET,
        device=training_device(machine).type,
        jobs=jobs_of(plan),
        workers=machine.workers,
        threads=torch.get_num_threads(),  # the run's share of the processor,
    )


def _predict(
    work: Work, model: Path, images: Sequence[TestImage], _predictions: Path, on_done: "OnDone"
) -> Masks:
    files = {image.image: work.folder / "masks" / f"{image.name}.nii.gz" for image in images}
    errors = predict_nnunet(work, model, files, on_done=on_done)
    found = {image: Mask(mask, read_inference_s(mask)) for image, mask in files.items() if mask.exists()}
    missing = {image: errors.get(image, "nnU-Net left no mask") for image in files if image not in found}
    # What nnU-Net made of the data can be made again, and is many times their size.
    for folder in (work.raw, work.preprocessed):
        shutil.rmtree(folder, ignore_errors=True)
    return Masks(found, missing)
