"""Augmenting on the device gives what augmenting in the loader's processes gives."""

from pathlib import Path

import lightning
import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from softcord.augment.chain import Augment
from softcord.augment.flip import Flip
from softcord.augment.gamma import Gamma
from softcord.augment.noise import Noise
from softcord.data.cache import CachedVolume
from softcord.losses.deep import DeepSupervisionLoss
from softcord.losses.dice import DiceLoss
from softcord.nets.unet import UNet
from softcord.synthetic.dataset import SyntheticPatches
from softcord.synthetic.settings import SyntheticSettings
from softcord.train.checkpoint import load_weights
from softcord.train.device import augments_on_gpu
from softcord.train.module import CordModule
from softcord.train.on_device import augmented, collate
from softcord.train.patches import PatchDataset
from softcord.train.run import train
from softcord.train.settings import MachineSettings, TrainSettings

AUGMENT = Augment(gamma=Gamma(1.0, (0.5, 2.0)), noise=Noise(0.5, (0.1, 0.2)), flip=Flip(0.5))
SIZE = (16, 16, 16)


@pytest.fixture
def volumes(tmp_path: Path) -> list[CachedVolume]:
    """Three bright columns in noise."""
    rng = np.random.default_rng(1)
    made = []
    for n in range(3):
        softseg = np.zeros((20, 18, 16), dtype=np.float16)
        softseg[8:12, 7:11] = 0.9
        volume = CachedVolume(
            tmp_path / f"{n}.npy", tmp_path / f"{n}_softseg.npy", tmp_path / f"{n}_cord.npy"
        )
        np.save(volume.image, (softseg + rng.random(softseg.shape)).astype(np.float16))
        np.save(tmp_path / f"{n}_softseg.npy", softseg)
        np.save(tmp_path / f"{n}_cord.npy", np.argwhere(softseg > 0.5).astype(np.int16))
        made.append(volume)
    return made


def patches(volumes: list[CachedVolume], augment: Augment | None, *, later: bool) -> PatchDataset:
    return PatchDataset(volumes, SIZE, augment, seed=4, patches_per_image=2, augment_later=later)


@pytest.mark.parametrize("workers", [0, 1])
def test_a_batch_is_the_same_whoever_augments_it(volumes: list[CachedVolume], workers: int) -> None:
    batches = [
        list(DataLoader(patches(volumes, AUGMENT, later=later), 2, num_workers=workers, collate_fn=collate))
        for later in (False, True)
    ]
    for now, later in zip(*batches, strict=True):
        assert "augment" in later
        assert "augment" not in now
        assert not torch.equal(now["image"], later["image"])
        for name, tensor in augmented(later).items():
            assert torch.equal(tensor, now[name])


def test_a_drawn_patch_is_the_same_whoever_augments_it() -> None:
    now, later = (
        SyntheticPatches(SyntheticSettings(), SIZE, 5, AUGMENT, augment_later=later)
        for later in (False, True)
    )
    (result,) = (augmented(collate([later[3]])),)
    assert torch.equal(result["image"][0], now[3]["image"])
    assert torch.equal(result["softseg"][0], now[3]["softseg"])


def test_nothing_is_left_for_later_where_there_is_nothing_to_do(volumes: list[CachedVolume]) -> None:
    sample = patches(volumes, None, later=True)[0]
    assert sorted(sample) == ["image", "softseg"]
    assert float(sample["image"].mean()) == pytest.approx(0, abs=1e-5)


def test_a_training_learns_the_same_whoever_augments(volumes: list[CachedVolume], tmp_path: Path) -> None:
    weights = []
    for later in (False, True):
        lightning.seed_everything(3, verbose=False)
        net = UNet(features=(4, 8), strides=((1, 1, 1), (2, 2, 2)))
        module = CordModule(net, DeepSupervisionLoss(DiceLoss()), "sigmoid", 1e-3, epochs=2)
        result = train(
            module,
            (patches(volumes, AUGMENT, later=later), patches(volumes, None, later=later)),
            TrainSettings(epochs=2, batch_size=2, patch_size_mm=SIZE),
            MachineSettings(accelerator="cpu", precision="float32", threads=1),
            seed=3,
            checkpoint_dir=tmp_path / str(later),
        )
        weights.append(load_weights(result.last_checkpoint))
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])


def test_it_is_left_to_a_gpu_only_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for there in (False, True):
        monkeypatch.setattr(torch.cuda, "is_available", lambda there=there: there)
        assert augments_on_gpu(MachineSettings()) is there
        assert not augments_on_gpu(MachineSettings(accelerator="cpu"))
        assert not augments_on_gpu(MachineSettings(augment_on_gpu=False))
