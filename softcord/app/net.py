"""Train one net on one table of images, and make a predictor of what was trained."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.app.dataset import Dataset, cached_volumes
from softcord.app.plan import Plan
from softcord.data.cache import CachedVolume
from softcord.track.store import RunRecord

if TYPE_CHECKING:
    from softcord.app.engine import Predict, Training
    from softcord.augment.chain import Augment
    from softcord.data.dataset import PatchDataset

logger = logging.getLogger("softcord")


def prepare_net(plan: Plan, dataset: Dataset) -> "Training":
    """Prepare every training and validation image; return what trains one net on them."""
    train = cached_volumes(plan, dataset.train, "training")
    val = cached_volumes(plan, dataset.val, "validation")
    return partial(_train_and_load, plan, train, val)


def _train_and_load(
    plan: Plan,
    train: Sequence[CachedVolume],
    val: Sequence[CachedVolume],
    run_dir: Path,
    entry: RunRecord,
) -> "Predict":
    train_net(plan, train, val, run_dir, entry)
    return load_net(plan, best_checkpoint(run_dir))


def train_net(
    plan: Plan,
    train_volumes: Sequence[CachedVolume],
    val_volumes: Sequence[CachedVolume],
    run_dir: Path,
    entry: RunRecord,
) -> None:
    """Train a net, or go on with an interrupted training; leave its checkpoints in ``run_dir``."""
    import lightning

    from softcord.losses.deep import DeepSupervisionLoss
    from softcord.train.module import CordModule
    from softcord.train.run import train

    settings, loss = plan.train, plan.loss()
    lightning.seed_everything(plan.seed, workers=True, verbose=False)
    supervised = DeepSupervisionLoss(loss, normalise=settings.deep_supervision_divisor)
    activation: Any = loss.prediction_activation
    module = CordModule(plan.net(), supervised, activation, settings.learning_rate, settings.epochs)
    logger.info("training on %d images", len(train_volumes))
    result = train(
        module,
        (_patches(plan, train_volumes, plan.augment()), _patches(plan, val_volumes, None)),
        settings,
        plan.machine,
        seed=plan.seed,
        checkpoint_dir=run_dir / "checkpoints",
        on_epoch=lambda epoch, metrics: entry.metrics(metrics, epoch),
    )
    entry.metrics({"train/seconds": result.seconds, "train/best_val_loss": result.best_val_loss})
    entry.artifact(result.best_checkpoint, "checkpoints")
    logger.info("trained %d epochs in %.0f s", result.epochs, result.seconds)


def best_checkpoint(run_dir: Path) -> Path:
    """Where the weights with the best validation loss lie."""
    return run_dir / "checkpoints" / "best.ckpt"


def load_net(plan: Plan, checkpoint: Path) -> "Predict":
    """Return the predictor of a trained net."""
    from softcord.evaluate.run import Predictor
    from softcord.train.checkpoint import load_weights
    from softcord.train.run import resolve_precision, training_device

    net = plan.net()
    net.load_state_dict(load_weights(checkpoint))
    net.to(training_device(plan.machine))
    activation: Any = plan.loss().prediction_activation
    is_bfloat16 = resolve_precision(plan.machine) == "bf16-mixed"
    return Predictor(net, plan.patch_voxels, activation, plan.volumes.spacing_mm, bfloat16=is_bfloat16)


def _patches(plan: Plan, volumes: Sequence[CachedVolume], augment: "Augment | None") -> "PatchDataset":
    from softcord.data.dataset import PatchDataset

    settings = plan.train
    return PatchDataset(
        volumes,
        plan.patch_voxels,
        augment,
        seed=plan.seed,
        crop=settings.crop,
        foreground_share=settings.foreground_share,
        patches_per_image=settings.patches_per_image if augment else 1,
    )
