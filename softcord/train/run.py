"""Train one network on prepared patches: the function that the command line, notebooks and tests call."""

import copy
import logging
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.callbacks import Callback, EarlyStopping, ModelCheckpoint, TQDMProgressBar
from torch.utils.data import Dataset

from softcord.errors import RunError
from softcord.remedies import Remedy
from softcord.train.checkpoint import AtomicCheckpointIO
from softcord.train.data import Batch, CordData
from softcord.train.device import resolve_precision, resolved
from softcord.train.module import CordModule
from softcord.train.ranks import n_ranks, ranks
from softcord.train.settings import MachineSettings, TrainerSettings, TrainSettings
from softcord.train.threads import computing_in

logger = logging.getLogger("softcord")

Patches = tuple[Dataset[Batch], Dataset[Batch]]  # training, validation


@dataclass(frozen=True)
class Watch:
    """What is told of a training while it lasts.

    ``on_epoch`` receives the epoch, from 0, and its metrics; ``on_step`` the epoch, "training" or
    "validation", how many of its steps are done, and how many there are.
    """

    on_epoch: Callable[[int, dict[str, float]], None] | None = None
    on_step: Callable[[int, str, int, int], None] | None = None


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
    watch: Watch | None = None,
    devices: TrainerSettings | None = None,
) -> TrainResult:
    """Train ``module`` on (training, validation) ``patches`` and keep the best and the last checkpoint.

    If ``checkpoint_dir`` holds the last checkpoint of an interrupted training, it goes on from there; on a
    CPU, in the same number of threads, the weights at the end are bit for bit those of an undisturbed
    training. ``watch`` is told how far it is. Several ``devices`` share each batch and learn the same
    up to rounding.

    Raises:
        RunError: the loss became infinite or NaN.
        KeyboardInterrupt: Ctrl-C; the last finished epoch is on disk.
    """
    sizes = (len(patches[0]), len(patches[1]))  # type: ignore[arg-type]
    n = n_ranks(devices or TrainerSettings(), machine, settings.batch_size, *sizes)
    threads = max(1, (machine.threads or torch.get_num_threads()) // n)
    if devices and devices.devices not in ("auto", n):
        logger.warning(
            "%d of %s devices share each batch of %d evenly", n, devices.devices, settings.batch_size
        )
    last = checkpoint_dir / "last.ckpt"
    resume_from = last if last.exists() else None
    job = _Job(module, patches, settings, machine, seed, checkpoint_dir, resume_from, n, threads)
    with ranks(n, job.join):
        return job.run(watch)


@dataclass(frozen=True)
class _Job:
    """What every rank does."""

    module: CordModule
    patches: Patches
    settings: TrainSettings
    machine: MachineSettings
    seed: int
    checkpoint_dir: Path
    resume_from: Path | None
    n_ranks: int
    threads: int

    def join(self) -> None:
        """Be one of the other ranks: rank 0 reports for all."""
        # Tensors that come from another process share its memory: both would step the same weights.
        replace(self, module=copy.deepcopy(self.module)).run()

    def run(self, watch: Watch | None = None) -> TrainResult:
        with computing_in(self.threads):
            return self._run(_Told(watch or Watch()))

    def _run(self, told: "_Told") -> TrainResult:
        if resolved(self.machine).channels_last:
            self.module.net.to(memory_format=torch.channels_last_3d)  # type: ignore[call-overload]
        if self.machine.compile:
            self.module.net.compile()
        started = time.perf_counter()
        settings, folder = self.settings, self.checkpoint_dir
        data = CordData(
            *self.patches, batch_size=settings.batch_size, workers=self.machine.workers, seed=self.seed
        )
        best = ModelCheckpoint(folder, "best", "val/loss", mode="min", enable_version_counter=False)
        trainer = _trainer(settings, self.machine, folder, [best, told], self.n_ranks)
        _fit(trainer, self.module, data, self.resume_from)
        score = float(best.best_model_score) if best.best_model_score is not None else math.nan
        seconds = time.perf_counter() - started
        return TrainResult(folder / "best.ckpt", folder / "last.ckpt", trainer.current_epoch, score, seconds)


def _trainer(
    settings: TrainSettings,
    machine: MachineSettings,
    checkpoint_dir: Path,
    callbacks: list[Callback],
    n_ranks: int,
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
        devices=n_ranks,
        strategy="ddp" if n_ranks > 1 else "auto",
        # Each rank draws its own part of every batch.
        use_distributed_sampler=False,
        precision=resolve_precision(machine),
        max_epochs=settings.epochs,
        # A short training is validated at least once, at its end.
        check_val_every_n_epoch=min(settings.validate_every_epochs, settings.epochs),
        reload_dataloaders_every_n_epochs=1,
        num_sanity_val_steps=0,
        callbacks=[*callbacks, last],
        # Whatever started this process, its ranks are its own (softcord/train/ranks.py).
        plugins=[AtomicCheckpointIO(), LightningEnvironment()],
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
    except (MemoryError, RuntimeError) as error:
        if not _is_out_of_memory(error):
            raise
        raise RunError("memory", "ran out while training", Remedy.LESS_MEMORY) from error
    if trainer.interrupted:
        raise KeyboardInterrupt


def _is_out_of_memory(error: BaseException) -> bool:
    # On the processor torch says it in words only.
    words = ("can't allocate memory", "out of memory", "not enough memory")
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        part in str(error) for part in words
    )


class _Told(Callback):
    """Report steps and the metrics of every epoch, and stop at the first loss that is not a number."""

    def __init__(self, watch: Watch) -> None:
        self.on_epoch, self.on_step = watch.on_epoch, watch.on_step

    def on_train_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *batch: Any
    ) -> None:
        """Hand on how far an epoch's training is; ``batch`` ends with its number, from 0."""
        if self.on_step:
            self.on_step(trainer.current_epoch, "training", batch[2] + 1, int(trainer.num_training_batches))

    def on_validation_batch_end(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, *batch: Any
    ) -> None:
        """Hand on how far an epoch's validation is."""
        if self.on_step:
            of = int(sum(trainer.num_val_batches))
            self.on_step(trainer.current_epoch, "validation", batch[2] + 1, of)

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        """Hand the metrics on."""
        metrics = {name: float(value) for name, value in trainer.callback_metrics.items()}
        loss = metrics.get("train/loss", 0.0)
        if not math.isfinite(loss):
            raise RunError("train/loss", f"became {loss} in epoch {trainer.current_epoch}", Remedy.SLOWER)
        if self.on_epoch:
            self.on_epoch(trainer.current_epoch, metrics)
