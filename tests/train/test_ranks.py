"""Several processes that share each batch see the same data and learn the same as one."""

from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from torch import Tensor
from torch.utils.data import Dataset

from softcord.errors import RunError
from softcord.losses.awing import AdaptiveWingLoss
from softcord.losses.deep import DeepSupervisionLoss
from softcord.nets.unet import UNet
from softcord.train.checkpoint import load_weights
from softcord.train.data import EpochSampler
from softcord.train.module import CordModule
from softcord.train.ranks import n_ranks
from softcord.train.run import Watch, train
from softcord.train.settings import MachineSettings, TrainerSettings, TrainSettings

CPU = MachineSettings(accelerator="cpu", precision="float32", threads=1)


class Blocks(Dataset[dict[str, Tensor]]):
    """Bright blocks in noise; what a sample looks like depends on its number alone."""

    def __len__(self) -> int:
        return 10

    def __getitem__(self, number: int) -> dict[str, Tensor]:
        generator = torch.Generator().manual_seed(number)
        softseg = torch.zeros(1, 16, 16, 16)
        softseg[:, 4:12, 4:12] = 1
        return {"image": softseg + torch.rand(softseg.shape, generator=generator), "softseg": softseg}


@pytest.mark.parametrize(("n", "batch_size", "world"), [(10, 4, 2), (12, 6, 3), (8, 8, 8)])
def test_ranks_share_each_batch_of_one_process_in_its_order(n: int, batch_size: int, world: int) -> None:
    whole = list(EpochSampler(n, 3, 5, batch_size))
    assert sorted(whole) == list(range(5 * n, 6 * n))
    parts = [list(EpochSampler(n, 3, 5, batch_size, (rank, world))) for rank in range(world)]
    batches, per_rank = -(-n // batch_size), batch_size // world
    for k in range(batches):
        together = [number for part in parts for number in part[k * per_rank : (k + 1) * per_rank]]
        assert together == whole[k * batch_size : (k + 1) * batch_size]


@pytest.mark.parametrize(
    ("wanted", "batch_size", "n_train", "n_val", "expected"),
    [
        (2, 4, 10, 10, 2),
        (4, 4, 12, 100, 4),
        (4, 4, 10, 100, 2),  # the last batch of 2 has nothing for four
        (4, 4, 12, 5, 2),  # two validation batches
        (3, 4, 12, 100, 2),
        (8, 1, 12, 100, 1),
        (1, 4, 12, 100, 1),
        ("auto", 4, 12, 100, 2),
    ],
)
def test_as_many_ranks_as_divide_every_batch(
    wanted: int, batch_size: int, n_train: int, n_val: int, expected: int
) -> None:
    assert n_ranks(TrainerSettings(devices=wanted), CPU, batch_size, n_train, n_val) == expected


def fit(folder: Path, devices: int, fail_in: int | None = None) -> tuple[Path, list[dict[str, float]]]:
    lightning.seed_everything(3, verbose=False)
    net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2)))
    module = CordModule(net, DeepSupervisionLoss(AdaptiveWingLoss()), "clip", 1e-2, 3)
    seen: list[dict[str, float]] = []

    def on_epoch(epoch: int, metrics: dict[str, float]) -> None:
        if epoch == fail_in:
            raise RunError("here", "failed")
        seen.append(metrics)

    result = train(
        module,
        (Blocks(), Blocks()),
        TrainSettings(epochs=3, batch_size=4, patch_size_mm=(16, 16, 16)),
        CPU,
        seed=3,
        checkpoint_dir=folder,
        watch=Watch(on_epoch),
        devices=TrainerSettings(devices=devices),
    )
    return result.best_checkpoint, seen


@pytest.mark.slow
def test_two_processes_learn_what_one_learns_also_after_a_failure(tmp_path: Path) -> None:
    checkpoint, metrics = fit(tmp_path / "one", 1)
    # An error of rank 0 ends both processes; the same call goes on from the last checkpoint.
    with pytest.raises(RunError, match="here: failed"):
        fit(tmp_path / "two", 2, fail_in=2)
    shared_checkpoint, shared_metrics = fit(tmp_path / "two", 2)
    _, undisturbed_metrics = fit(tmp_path / "two_undisturbed", 2)
    assert len(undisturbed_metrics) == len(metrics) == 3
    for one, two in zip(metrics, undisturbed_metrics, strict=True):
        assert one == pytest.approx(two, rel=1e-4)
    assert shared_metrics[-1] == pytest.approx(metrics[-1], rel=1e-4)
    # Biases before a normalisation change nothing but follow rounding: what the nets say is compared.
    image = Blocks()[99]["image"][None]
    one, two = (_output(path, image) for path in (checkpoint, shared_checkpoint))
    np.testing.assert_allclose(one, two, atol=2e-3)


def _output(checkpoint: Path, image: Tensor) -> Tensor:
    net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2))).eval()
    net.load_state_dict(load_weights(checkpoint))
    with torch.inference_mode():
        output: Tensor = net(image)[0]
    return output
