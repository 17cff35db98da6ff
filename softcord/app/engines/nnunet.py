"""nnU-Net, trained on a run's data: ``baseline=nnunet2d|nnunet3d``."""

import logging
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from softcord.app.config.instantiate import TARGET
from softcord.app.config.method_name import MethodWords, foreign_name
from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.app.engine import AfterEpoch, Apply, Engine, OnDone, Segment, Training
from softcord.app.inputs.training_data import Dataset
from softcord.app.models.trained import Trained
from softcord.errors import UsageError
from softcord.evaluation.image import EvaluationImage, Mask, Masks, unique_name
from softcord.evaluation.timing import read_inference_s
from softcord.io.nifti import read_volume
from softcord.nnunet.export import Case
from softcord.nnunet.install import find_nnunet, nnunet_versions
from softcord.nnunet.run import Work, model_folder, predict_nnunet, train_nnunet
from softcord.nnunet.settings import NnUNetSettings
from softcord.predict.write import softseg_path, write_softseg
from softcord.sweep.folder import NNUNET, PREDICTIONS
from softcord.track.store import RunRecord
from softcord.train.settings import NnUNetLength

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class NnUNet(Engine):
    """Train nnU-Net on the split's training images and predict with it; see :class:`NnUNetSettings`.

    ``length`` is missing where ``train`` says nothing of how long nnU-Net trains.
    """

    configuration: Literal["2d", "3d_fullres", "3d_lowres"]
    length: NnUNetLength | None = None
    save_every_epochs: int = 10
    split_by: Literal["participant", "image"] = "participant"

    trains: ClassVar[bool] = True
    trains_on_images: ClassVar[bool] = True
    reads: ClassVar[tuple[str, ...]] = ("gt", "contrasts", "seed")
    work_folders: ClassVar[tuple[str, ...]] = (NNUNET,)

    def __post_init__(self) -> None:
        """Refuse settings that nnU-Net cannot be trained with."""
        if self.length is not None:
            self._settings(self.length)

    def method_name(self, words: MethodWords) -> str:
        """Name the method after the option of conf/engine, and what it learns from."""
        choices = words.choices
        return foreign_name(choices["engine"], words.variant, gt=choices["gt"], contrasts=words.contrasts)

    def recorded(self, node: Mapping[str, Any]) -> dict[str, Any]:
        """Return the settings under the name by which they have always been recorded."""
        return {**node, TARGET: f"{NnUNetSettings.__module__}.{NnUNetSettings.__name__}"}

    def check(self, plan: Plan) -> None:
        """Refuse what is for softcord's own training, and a training without a length."""
        super().check(plan)
        if self.length is None:
            what = f"says nothing of how long nnU-Net trains, which {plan.choices['engine']} needs"
            raise UsageError(f"train={plan.choices['train']}", what, "Use train=demo, laptop or paper")

    def prepare(self, plan: Plan, dataset: Dataset) -> Training:
        """Return what trains nnU-Net on the training images and validates on the validation images."""
        assert self.length is not None
        settings = self._settings(self.length)
        return partial(_train, plan, settings, _cases(dataset.train), _cases(dataset.val))

    def load(self, plan: Plan, trained: Trained, run_dir: Path) -> Apply:
        """Return what applies a trained nnU-Net."""
        return partial(_apply, plan, trained, run_dir)

    def how(self, plan: Plan) -> str:
        """Say what nnU-Net learnt from, and how long."""
        learnt = f"learnt from {plan.gt.name} masks of {', '.join(plan.contrasts)}"
        return f"{learnt} by {plan.choices['engine']}, {plan.train.nnunet.epochs} epochs"

    def _settings(self, length: NnUNetLength) -> NnUNetSettings:
        return NnUNetSettings(self.configuration, length, self.save_every_epochs, self.split_by)


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
    _after_epoch: AfterEpoch | None,  # nnU-Net has no predictor before its end
) -> Segment:
    work = _work(plan, run_dir)
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


def _work(plan: Plan, run_dir: Path) -> Work:
    import torch  # two seconds, and nnU-Net is named by verbs that train nothing

    from softcord.train.device import training_device  # as torch

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
    work: Work, model: Path, images: Sequence[EvaluationImage], _predictions: Path, on_done: OnDone
) -> Masks:
    files = {image.image: work.folder / "masks" / f"{image.name}.nii.gz" for image in images}
    errors = predict_nnunet(work, model, files, on_done=on_done)
    found = {image: Mask(mask, read_inference_s(mask)) for image, mask in files.items() if mask.exists()}
    missing = {image: errors.get(image, "nnU-Net left no mask") for image in files if image not in found}
    # What nnU-Net made of the data can be made again, and is many times their size.
    for folder in (work.raw, work.preprocessed):
        shutil.rmtree(folder, ignore_errors=True)
    return Masks(found, missing)


def _apply(
    plan: Plan, trained: Trained, run_dir: Path, wanted: Mapping[Path, str], on_done: OnDone
) -> dict[Path, str]:
    if not wanted:
        return {}
    work = _work(plan, run_dir)
    (model,) = trained.models.values()
    made = {image: softseg_path(work.folder, image) for image in wanted}
    errors = predict_nnunet(work, model, made, on_done=on_done)
    for image, mask in made.items():
        if mask.exists():
            write_softseg(run_dir / PREDICTIONS, image, read_volume(mask), {"Run": run_dir.name})
        else:
            errors.setdefault(image, "nnU-Net left no mask")
    shutil.rmtree(work.folder)
    return errors
