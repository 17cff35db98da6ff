"""Training: resumed bit for bit, stopped at the first loss that is not a number."""

from dataclasses import replace
from pathlib import Path

import lightning
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from softcord.errors import RunError
from softcord.losses.awing import AdaptiveWingLoss
from softcord.losses.deep import DeepSupervisionLoss
from softcord.nets.unet import UNet
from softcord.train.checkpoint import load_weights
from softcord.train.module import CordModule
from softcord.train.run import Watch, train
from softcord.train.settings import MachineSettings, TrainSettings

CPU = MachineSettings(accelerator="cpu", precision="float32", threads=1)


class Blocks(Dataset[dict[str, Tensor]]):
    """Bright blocks in noise; what a sample looks like depends on its number alone."""

    def __len__(self) -> int:
        return 6

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(number)
        softseg = torch.zeros(1, 16, 16, 16)
        softseg[:, 4:12, 4:12] = 1
        return {"image": softseg + torch.rand(softseg.shape, generator=generator), "softseg": softseg}


class KilledError(Exception):
    """Stands for a kill at the end of an epoch."""


def fit(
    folder: Path,
    *,
    epochs: int = 4,
    stop_after: int | None = None,
    loss: nn.Module | None = None,
    machine: MachineSettings = CPU,
) -> Path:
    lightning.seed_everything(3, verbose=False)
    net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2)))
    module = CordModule(net, loss or DeepSupervisionLoss(AdaptiveWingLoss()), "clip", 1e-3, epochs)

    def on_epoch(epoch: int, _metrics: dict[str, float]) -> None:
        if stop_after is not None and epoch == stop_after:
            raise KilledError

    settings = TrainSettings(epochs=epochs, batch_size=2, patch_size_mm=(16, 16, 16))
    return train(
        module, (Blocks(), Blocks()), settings, machine, seed=3, checkpoint_dir=folder, watch=Watch(on_epoch)
    ).last_checkpoint


def test_resumed_training_ends_with_the_weights_of_an_undisturbed_one(tmp_path: Path) -> None:
    undisturbed = load_weights(fit(tmp_path / "undisturbed"))
    with pytest.raises(KilledError):
        fit(tmp_path / "resumed", stop_after=2)
    resumed = load_weights(fit(tmp_path / "resumed"))
    for name, weights in undisturbed.items():
        assert torch.equal(weights, resumed[name]), name


def test_each_step_of_an_epoch_is_told_with_how_many_there_are(tmp_path: Path) -> None:
    net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2)))
    module = CordModule(net, DeepSupervisionLoss(AdaptiveWingLoss()), "clip", 1e-3, 1)
    settings = TrainSettings(epochs=1, batch_size=2, patch_size_mm=(16, 16, 16))
    told: list[tuple[int, str, int, int]] = []
    watch = Watch(on_step=lambda *step: told.append(step))
    train(module, (Blocks(), Blocks()), settings, CPU, seed=3, checkpoint_dir=tmp_path, watch=watch)
    of = len(Blocks()) // 2
    steps = range(1, of + 1)
    assert told == [(0, what, n, of) for what in ("training", "validation") for n in steps]


@pytest.mark.parametrize("faster", ["channels_last", pytest.param("compile", marks=pytest.mark.slow)])
def test_what_makes_training_faster_changes_what_is_learnt_by_rounding_only(
    tmp_path: Path, faster: str
) -> None:
    learnt = []
    for name, machine in {"plain": CPU, faster: replace(CPU, **{faster: True})}.items():
        net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2))).eval()
        net.load_state_dict(load_weights(fit(tmp_path / name, machine=machine)))
        with torch.inference_mode():
            learnt.append(net(Blocks()[0]["image"][None])[0])
    # Outputs, not weights: biases before a norm have no effect, and Adam makes steps of their rounding.
    assert torch.allclose(*learnt, atol=1e-3)


def test_finished_training_is_not_trained_further(tmp_path: Path) -> None:
    first = load_weights(fit(tmp_path))
    again = load_weights(fit(tmp_path))
    assert all(torch.equal(weights, again[name]) for name, weights in first.items())


def test_training_computes_in_as_many_threads_as_it_is_told_and_leaves_them_as_they_were(
    tmp_path: Path,
) -> None:
    before, seen = torch.get_num_threads(), set()

    class Watched(Blocks):
        def __getitem__(self, number: int) -> dict[str, Tensor]:
            seen.add(torch.get_num_threads())
            return super().__getitem__(number)

    net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2)))
    module = CordModule(net, DeepSupervisionLoss(AdaptiveWingLoss()), "clip", 1e-3, 1)
    settings = TrainSettings(epochs=1, batch_size=2, patch_size_mm=(16, 16, 16))
    machine = MachineSettings(accelerator="cpu", precision="float32", threads=before + 2)
    train(module, (Watched(), Watched()), settings, machine, seed=3, checkpoint_dir=tmp_path)
    assert seen == {before + 2}
    assert torch.get_num_threads() == before


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    losses = []
    lightning.seed_everything(3, verbose=False)
    net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2)))
    module = CordModule(net, DeepSupervisionLoss(AdaptiveWingLoss()), "clip", 1e-2, 6)
    settings = TrainSettings(epochs=6, batch_size=2, patch_size_mm=(16, 16, 16))
    train(
        module,
        (Blocks(), Blocks()),
        settings,
        CPU,
        seed=3,
        checkpoint_dir=tmp_path,
        watch=Watch(lambda _epoch, metrics: losses.append(metrics["train/loss"])),
    )
    assert len(losses) == 6
    assert losses[-1] < losses[0] / 2


class Exploding(nn.Module):
    """A loss that is not a number."""

    def forward(self, outputs: list[Tensor], _target: Tensor) -> Tensor:
        return outputs[0].mean() * float("nan")


def test_a_loss_that_is_not_a_number_stops_the_training(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"train/loss: became nan in epoch 0\. Lower"):
        fit(tmp_path, loss=Exploding())


class NoMemory(nn.Module):
    """A loss for which there is no memory; the words are torch's, on the processor."""

    def forward(self, *_: object) -> Tensor:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes")


def test_running_out_of_memory_names_the_keys_that_help(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"batch_size, patch_size_mm or the features"):
        fit(tmp_path, loss=NoMemory())
