"""Train one network on prepared patches: the function that the command line, notebooks and tests call."""

import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from torch.utils.data import Dataset

from softcord.errors import RunError
from softcord.train.checkpoint import AtomicCheckpointIO
from softcord.train.data import Batch, CordData
from softcord.train.device import resolve_precision
from softcord.train.module import CordModule
from softcord.train.settings import MachineSettings, TrainSettings

OnEpoch = Callable[[int, dict[str, float]], None]
Patches = tuple[Dataset[Batch], Dataset[Batch]]  # training, validation


@dataclass(frozen=True)
class TrainResult:
    """Where the weights are and how the training went."""

    best_checkpoint: Path
    last_checkpoint: Path
    epochs: int
    best_val_loss: float
    seconds: float


def train(
    module: CordModule,
    patches: Patches,
    settings: TrainSettings,
    machine: MachineSettings,
    *,
    seed: int,
    checkpoint_dir: Path,
    on_epoch: OnEpoch | None = None,
) -> TrainResult:
    """Train ``module`` on (training, validation) ``patches`` and keep the best and the last checkpoint.

    If ``checkpoint_dir`` holds the last checkpoint of an interrupted training, it goes on from there; on a
    CPU the weights at the end are bit for bit those of an undisturbed training. ``on_epoch`` receives the
    epoch number and its metrics.

    Raises:
        RunError: the loss became infinite or NaN.
        KeyboardInterrupt: Ctrl-C; the last finished epoch is on disk.
    """
    if machine.threads:
        torch.set_num_threads(machine.threads)
    started = time.perf_counter()
    data = CordData(*patches, batch_size=settings.batch_size, workers=machine.workers, seed=seed)
    best = ModelCheckpoint(checkpoint_dir, "best", "val/loss", mode="min", enable_version_counter=False)
    trainer = _trainer(settings, machine, checkpoint_dir, [best, _Watch(on_epoch)])
    last = checkpoint_dir / "last.ckpt"
    _fit(trainer, module, data, last if last.exists() else None)
    best_path = checkpoint_dir / "best.ckpt"
    score = float(best.best_model_score) if best.best_model_score is not None else math.nan
    return TrainResult(best_path, last, trainer.current_epoch, score, time.perf_counter() - started)


def _trainer(
    settings: TrainSettings, machine: MachineSettings, checkpoint_dir: Path, callbacks: list[Callback]
) -> lightning.Trainer:
    # One checkpoint file per purpose; `last` is written at the end of every epoch, after validation.
    last = ModelCheckpoint(
        checkpoint_dir, "last", save_on_train_epoch_end=True, every_n_epochs=1, enable_version_counter=False
    )
    if settings.patience is not None:
        callbacks.append(EarlyStopping("val/loss", patience=settings.patience))
    is_terminal = sys.stderr.isatty()
    if is_terminal:
        callbacks.append(TQDMProgressBar(leave=False))
    return lightning.Trainer(
        accelerator=machine.accelerator,
        devices=1,
        precision=resolve_precision(machine),
        max_epochs=settings.epochs,
        # A short training is validated at least once, at its end.
        check_val_every_n_epoch=min(settings.validate_every_epochs, settings.epochs),
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=[*callbacks, last],
        plugins=[AtomicCheckpointIO()],
        logger=False,
        enable_model_summary=False,
        enable_progress_bar=is_terminal,
    )


def _fit(trainer: lightning.Trainer, module: CordModule, data: CordData, resume_from: Path | None) -> None:
    try:
        trainer.fit(module, data, ckpt_path=resume_from, weights_only=True)
    except SystemExit:
        # Lightning turns Ctrl-C into an exit of its own.
        raise KeyboardInterrupt from None
    if trainer.interrupted:
        raise KeyboardInterrupt


class _Watch(Callback):
    """Report the metrics of every epoch, and stop at the first loss that is not a number."""

    def __init__(self, on_epoch: OnEpoch | None) -> None:
        self.on_epoch = on_epoch

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Hand the metrics on."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        loss = metrics.get("train/loss", 0.0)
        if not math.isfinite(loss):
            raise RunError(
                "train/loss", f"became {loss} in epoch {trainer.current_epoch}", "Lower train.learning_rate"
            )
        if self.on_epoch:
            self.on_epoch(trainer.current_epoch, metrics)
