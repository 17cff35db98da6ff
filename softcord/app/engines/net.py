"""Train one net on one table of images, and make a predictor of what was trained."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias

import lightning
import torch
from torch import nn

from softcord.app.config.instantiate import TARGET
from softcord.app.config.plan import Plan
from softcord.app.engine import AfterEpoch, OnDone, Segment
from softcord.app.engines.epoch_lines import EpochLines
from softcord.app.engines.model_description import describe_model
from softcord.app.engines.start_time import start_s
from softcord.app.inputs.label_maps import label_map_volumes
from softcord.app.inputs.training_data import Dataset, cached_volumes
from softcord.app.models.start_from import history
from softcord.augment.chain import Augment
from softcord.data.cache import CachedVolume
from softcord.evaluation.image import EvaluationImage, Masks
from softcord.evaluation.run import Predictor, predict_images
from softcord.hints import counted
from softcord.io.nifti import Volume
from softcord.losses.deep import DeepSupervisionLoss
from softcord.nets.activation import Activation
from softcord.nets.meta import without_numbers
from softcord.predict.infer import Apply
from softcord.predict.package import Model, ModelDescription, read_package, write_package
from softcord.sweep.folder import CHECKPOINTS, MODEL
from softcord.sweep.ledger import note
from softcord.track.store import RunRecord
from softcord.train.checkpoint import load_weights
from softcord.train.device import augments_on_gpu, resolve_precision, training_device
from softcord.train.memory import machine_bytes, training_bytes
from softcord.train.module import CordModule
from softcord.train.narrow import Narrow
from softcord.train.patches import PatchDataset
from softcord.train.run import Patches, TrainResult, Watch, train
from softcord.uncertainty.ensemble import Ensemble

logger = logging.getLogger("softcord")


class NetPredictor(Protocol):
    """What a training leaves: predicts an image, and says how sure its mask is."""

    def __call__(self, image: EvaluationImage) -> Volume:
        """Return the soft mask of an image in the image's own space."""
        ...

    def how_sure(self, image: EvaluationImage, softseg: Volume) -> Ensemble:
        """Return the readings of an image, of which ``softseg`` is one."""
        ...


NetTraining: TypeAlias = Callable[[Path, RunRecord, AfterEpoch | None], NetPredictor]


def prepare_net(plan: Plan, dataset: Dataset, contrast: str | None = None) -> NetTraining:
    """Prepare every training and validation image; return what trains one net on them.

    ``contrast`` names the one that ``dataset`` was reduced to, for a model of that contrast.

    Raises:
        DataError: images that cannot be used, by name.
    """
    if contrast is None:
        description = describe_model(plan, dataset, plan.method, plan.contrasts)
    else:
        description = describe_model(plan, dataset, f"{plan.method}-{contrast}", (contrast,))
    return partial(train_and_load, plan, description, _prepared_patches(plan, dataset))


def prepare_test_images(plan: Plan, dataset: Dataset) -> None:
    """Look at every test image before the training, so that a bad one is not found at its end.

    Raises:
        DataError: images that cannot be used, by name.
    """
    cached_volumes(plan, dataset.test, "test")


def train_and_segment(
    plan: Plan, train_net: NetTraining, run_dir: Path, entry: RunRecord, after_epoch: AfterEpoch | None
) -> Segment:
    """Train, and return what writes the masks of images."""
    return partial(_segment, plan, train_net(run_dir, entry, after_epoch), run_dir)


def _segment(
    plan: Plan,
    predict: NetPredictor,
    run_dir: Path,
    images: Sequence[EvaluationImage],
    predictions: Path,
    on_done: OnDone,
) -> Masks:
    start = start_s(run_dir) if plan.machine.time_inference else None
    how_sure = predict.how_sure if plan.uncertainty else None
    return predict_images(
        predict, images, predictions, run=run_dir.name, start_s=start, how_sure=how_sure, on_done=on_done
    )


def train_and_load(
    plan: Plan,
    description: ModelDescription,
    patches: Patches,
    run_dir: Path,
    entry: RunRecord,
    after_epoch: AfterEpoch | None,
) -> Predictor:
    """Train a net, or go on where that stopped, and return its predictor."""
    train_net(plan, description, patches, run_dir, entry, after_epoch)
    return load_net(plan, run_dir)


def train_net(
    plan: Plan,
    description: ModelDescription,
    patches: Patches,
    run_dir: Path,
    entry: RunRecord,
    after_epoch: AfterEpoch | None = None,
) -> None:
    """Train a net on (training, validation) ``patches``, or go on where that stopped.

    Leave checkpoints and the package in ``run_dir``. ``after_epoch`` sees a predictor of the net so far.
    """
    settings, loss = plan.train, plan.loss()
    lightning.seed_everything(plan.seed, workers=True, verbose=False)
    net, start = plan.net(), plan.starting_model()
    if start:
        net.load_state_dict(start.net.state_dict())
        said = history(start, settings.epochs)
        logger.info("starting with the weights of %s: %s", start.description.name, said)
    module = _module(plan, net, loss, description.activation)
    lines = EpochLines(settings.epochs)

    def on_epoch(epoch: int, metrics: dict[str, float]) -> None:
        entry.metrics(metrics, epoch)
        lines.on_epoch(epoch, metrics)
        done = epoch + 1
        note(run_dir, f"trained {done} of {settings.epochs} epochs", done / settings.epochs)
        if after_epoch:
            after_epoch(epoch, predictor_of(plan, Model(net, description)))
            net.train()

    logger.info("training on %s an epoch%s", counted(len(patches[0]), "patch", "patches"), _memory(plan))  # type: ignore[arg-type]
    note(run_dir, "training", 0.0)
    # The threads that the run began in, whatever the configuration says by now.
    machine = replace(plan.machine, threads=torch.get_num_threads())
    with lines.told():
        result = train(
            module,
            patches,
            settings,
            machine,
            seed=plan.seed,
            checkpoint_dir=run_dir / CHECKPOINTS,
            watch=Watch(on_epoch, lines.on_step),
            devices=plan.trainer,
        )
    net.load_state_dict(load_weights(result.best_checkpoint))
    _keep(Model(net, description), result, history(start, result.epochs), run_dir, entry)
    logger.info("trained %s in %.0f s", counted(result.epochs, "epoch"), result.seconds)


def _module(plan: Plan, net: nn.Module, loss: nn.Module, activation: Activation) -> CordModule:
    """Return how a net learns."""
    settings, size = plan.train, plan.narrow_voxels
    return CordModule(
        net,
        DeepSupervisionLoss(loss, normalise=settings.deep_supervision_divisor),
        activation,
        settings.learning_rate,
        settings.epochs,
        narrow=Narrow(size, settings.narrow_share, plan.seed) if size else None,
        fused=plan.machine.fused_optimizer,
    )


def _keep(model: Model, result: TrainResult, told: str, run_dir: Path, entry: RunRecord) -> None:
    """Leave the package of what was trained, and in the store how that went; ``told`` is its history."""
    entry.tag({"history": told})
    entry.metrics({"train/seconds": result.seconds, "train/best_val_loss": result.best_val_loss})
    entry.artifact(result.best_checkpoint, CHECKPOINTS)
    made_by = {**model.description.provenance, "run": entry.name, "history": told}
    whole = replace(model, description=replace(model.description, provenance=made_by))
    entry.artifact(write_package(run_dir / MODEL, whole), MODEL)


def _memory(plan: Plan) -> str:
    """Say about how much memory the training takes, and warn if this machine has less."""
    bytes_per_value = 4 if resolve_precision(plan.machine) == "32-true" else 2
    device = training_device(plan.machine)
    try:
        with without_numbers():
            net = plan.net()
        needed = training_bytes(
            net,
            plan.patch_voxels,
            plan.train.batch_size,
            bytes_per_value=bytes_per_value,
            on_gpu=device.type == "cuda",
        )
    except (NotImplementedError, RuntimeError):
        return ""  # a net of somebody's own that cannot be computed without numbers
    there = machine_bytes(device)
    if needed > there:
        hint = "Lower train.batch_size, train.patch_size_mm or model.features"
        logger.warning("about %.0f GB of memory needed, %.0f there. %s", needed / 1e9, there / 1e9, hint)
    return f", in about {needed / 1e9:.1f} GB of memory"


def load_net(plan: Plan, run_dir: Path) -> Predictor:
    """Return the predictor of a trained net."""
    # The configuration's own net is trusted: it has just been trained.
    model = read_package(run_dir / MODEL, allowed=(plan.config["model"][TARGET].rpartition(".")[0],))
    return predictor_of(plan, model)


def predictor_of(plan: Plan, model: Model) -> Predictor:
    """Return what predicts with a model as this machine computes."""
    model.net.to(training_device(plan.machine))
    return Predictor(model, Apply(bfloat16=resolve_precision(plan.machine) == "bf16-mixed"))


def _prepared_patches(plan: Plan, dataset: Dataset) -> Patches:
    augment = plan.augment()
    from_label_maps = augment.needs_label_maps
    prepare = label_map_volumes if from_label_maps else cached_volumes
    train, val = prepare(plan, dataset.train, "training"), prepare(plan, dataset.val, "validation")
    # Drawn images validate too where drawn images train: the same ones in every epoch.
    return _patches(plan, train, augment), _patches(plan, val, augment if from_label_maps else None)


def _patches(plan: Plan, volumes: Sequence[CachedVolume], augment: Augment | None) -> PatchDataset:

    settings = plan.train
    return PatchDataset(
        volumes,
        plan.patch_voxels,
        augment,
        seed=plan.seed,
        crop=settings.crop,
        foreground_share=settings.foreground_share,
        patches_per_image=settings.patches_per_image if augment else 1,
        augment_later=augments_on_gpu(plan.machine),
    )
