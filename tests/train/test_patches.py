from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from softcord.augment.affine import Affine
from softcord.augment.chain import Augment
from softcord.augment.elastic import Elastic
from softcord.augment.noise import Noise
from softcord.data.cache import CachedVolume
from softcord.train.patches import PatchDataset, standardise

AUGMENT = Augment(
    affine=Affine(0.9, (-20, 20), (-0.2, 0.2), (-0.1, 0.1)),
    elastic=Elastic(0.5, (3.5, 5.5), (25, 35)),
    noise=Noise(0.5, (0, 0.1)),
)


def make_volume(folder: Path, shape: tuple[int, int, int], cord_at: tuple[int, int] | None) -> CachedVolume:
    """An image that counts its voxels, with a straight cord of 3 x 3 voxels."""
    folder.mkdir()
    image = np.linspace(0, 4, int(np.prod(shape))).reshape(shape)
    softseg = np.zeros(shape)
    if cord_at:
        x, y = cord_at
        softseg[x - 1 : x + 2, y - 1 : y + 2] = 0.7
    cord = np.argwhere(softseg > 0.5).reshape(-1, 3)
    volume = CachedVolume(folder / "image.npy", folder / "softseg.npy", folder / "cord.npy")
    for path, array in zip(
        (volume.image, volume.softseg, volume.cord),
        (image.astype(np.float16), softseg.astype(np.float16), cord.astype(np.int16)),
        strict=True,
    ):
        np.save(path, array)
    return volume


@pytest.fixture
def volumes(tmp_path: Path) -> list[CachedVolume]:
    return [make_volume(tmp_path / str(n), (40, 30, 24), (34, 5)) for n in range(3)]


def test_sample_is_standardised_and_its_mask_is_soft(volumes: list[CachedVolume]) -> None:
    sample = PatchDataset(volumes, (16, 12, 8), AUGMENT)[0]
    assert sample["image"].shape == sample["softseg"].shape == (1, 16, 12, 8)
    assert sample["image"].dtype == sample["softseg"].dtype == torch.float32
    assert sample["image"].mean().item() == pytest.approx(0, abs=1e-5)
    assert sample["image"].std().item() == pytest.approx(1, abs=1e-4)
    assert 0 <= sample["softseg"].min() <= sample["softseg"].max() <= 1


def test_sample_depends_on_seed_epoch_and_index_alone(volumes: list[CachedVolume]) -> None:
    dataset = PatchDataset(volumes, (16, 12, 8), AUGMENT, seed=3)
    first = [dataset[index] for index in range(6)]
    for index in (5, 0, 3):
        for key in ("image", "softseg"):
            assert torch.equal(dataset[index][key], first[index][key])
    images = [sample["image"] for sample in first]
    assert not any(torch.equal(a, b) for n, a in enumerate(images) for b in images[:n])
    assert not torch.equal(PatchDataset(volumes, (16, 12, 8), AUGMENT, seed=4)[0]["image"], images[0])


def test_workers_do_not_change_samples(volumes: list[CachedVolume]) -> None:
    dataset = PatchDataset(volumes, (16, 12, 8), AUGMENT)
    alone, shared = (
        [batch["image"] for batch in DataLoader(dataset, sampler=range(6), batch_size=2, num_workers=workers)]
        for workers in (0, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(alone, shared, strict=True))


def test_foreground_share_decides_how_many_patches_hold_cord(volumes: list[CachedVolume]) -> None:
    # Anywhere: 7 of 29 places along R-L and 7 of 21 along A-P touch the cord.
    for share, expected in ((1.0, 1.0), (0.0, 7 / 29 * 7 / 21)):
        dataset = PatchDataset(volumes, (12, 10, 8), foreground_share=share)
        with_cord = np.mean([dataset[index]["softseg"].max().item() > 0.5 for index in range(150)])
        assert abs(with_cord - expected) < 0.1


def test_random_patches_reach_every_part_of_the_volume(volumes: list[CachedVolume]) -> None:
    dataset = PatchDataset(volumes, (16, 12, 8), foreground_share=0)
    corners = {
        tuple(dataset._corner(np.random.default_rng(n), volumes[0], (40, 30, 24))) for n in range(3000)
    }
    for axis, last in enumerate((24, 18, 16)):
        values = {corner[axis] for corner in corners}
        assert min(values) == 0
        assert max(values) == last


def test_center_crop_is_the_middle(volumes: list[CachedVolume]) -> None:
    sample = PatchDataset(volumes, (16, 12, 8), crop="center")[1]
    middle = torch.from_numpy(np.load(volumes[1].image)[12:28, 9:21, 8:16].astype(np.float32))
    torch.testing.assert_close(sample["image"][0], standardise(middle))


def test_small_volume_is_padded_with_black_around_it(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "small", (6, 20, 6), (3, 8))
    for crop in ("center", "random"):
        sample = PatchDataset([volume], (10, 10, 10), crop=crop, foreground_share=1)[0]
        image, softseg = sample["image"][0], sample["softseg"][0]
        assert softseg[2:8, :, 2:8].sum() == softseg.sum()
        padding = torch.cat([image[:2].flatten(), image[8:].flatten(), image[..., :2].flatten()])
        assert (padding == image.min()).all()


def test_volume_without_cord_gives_patches_too(tmp_path: Path) -> None:
    volume = make_volume(tmp_path / "empty", (20, 20, 20), None)
    sample = PatchDataset([volume], (8, 8, 8), foreground_share=1)[0]
    assert sample["softseg"].max() == 0


def test_constant_patch_stays_finite() -> None:
    assert standardise(torch.full((4, 4, 4), 3.0)).abs().max() == 0


def test_patches_per_image_repeat_volumes_with_other_places(volumes: list[CachedVolume]) -> None:
    dataset = PatchDataset(volumes, (12, 10, 8), patches_per_image=2)
    assert len(dataset) == 6
    assert not torch.equal(dataset[0]["image"], dataset[1]["image"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("patch_size", (0, 4, 4)), ("foreground_share", 1.5), ("patches_per_image", 0), ("crop", "corner")],
)
def test_settings_out_of_range_are_refused_by_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        PatchDataset([], **{"patch_size": (4, 4, 4), name: value})
