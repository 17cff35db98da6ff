"""Training on two sizes of patch: some batches are cut to small patches with the cord in them."""

import pytest
import torch

from softcord.train.narrow import Narrow
from softcord.train.settings import TrainSettings

SIZE = (16, 16, 32)


def batch(at: tuple[int, int], n: int = 2) -> dict[str, torch.Tensor]:
    """Patches of 32 x 48 x 64 with a straight cord of 4 x 4 voxels."""
    softseg = torch.zeros(n, 1, 32, 48, 64)
    softseg[:, :, at[0] - 2 : at[0] + 2, at[1] - 2 : at[1] + 2] = 1.0
    return {
        "image": softseg + torch.rand(softseg.shape, generator=torch.Generator().manual_seed(1)),
        "softseg": softseg,
    }


@pytest.mark.parametrize("at", [(16, 24), (3, 3), (29, 45)])
def test_the_whole_cord_lies_in_every_narrow_patch_wherever_it_was(at: tuple[int, int]) -> None:
    for index in range(20):
        narrow = Narrow(SIZE, 1.0, 0)(batch(at), 3, index)
        assert narrow["image"].shape == narrow["softseg"].shape == (2, 1, *SIZE)
        assert torch.all(narrow["softseg"].sum(dim=(2, 3)) == 16)


def test_narrow_patches_are_standardised_anew() -> None:
    image = Narrow(SIZE, 1.0, 0)(batch((16, 24)), 0, 0)["image"]
    deviation, mean = torch.std_mean(image[0])
    assert abs(float(mean)) < 1e-5
    assert abs(float(deviation) - 1) < 1e-5


def test_patches_without_cord_are_cut_too() -> None:
    empty = {key: torch.zeros(1, 1, 32, 48, 64) for key in ("image", "softseg")}
    assert Narrow(SIZE, 1.0, 0)(empty, 0, 0)["image"].shape == (1, 1, *SIZE)


def test_as_many_batches_are_narrow_as_asked_for_and_the_same_ones_each_time() -> None:
    def sizes(seed: int) -> list[int]:
        cut = Narrow(SIZE, 0.7, seed)
        return [cut(batch((16, 24), 1), 5, index)["image"].shape[2] for index in range(200)]

    assert sizes(1) == sizes(1) != sizes(2)
    assert 0.6 < sizes(1).count(16) / 200 < 0.8


def test_each_rank_cuts_its_part_of_a_batch_as_one_process_cuts_the_whole() -> None:
    whole, cut = batch((10, 20), 4), Narrow(SIZE, 1.0, 0)
    parts = [{key: value[i : i + 2] for key, value in whole.items()} for i in (0, 2)]
    assert torch.equal(torch.cat([cut(part, 1, 7)["image"] for part in parts]), cut(whole, 1, 7)["image"])


@pytest.mark.parametrize("size_mm", [(4, 16, 16), (64, 16, 16)])
def test_narrow_patches_larger_than_patches_or_tiny_are_refused(size_mm: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="narrow_patch_mm"):
        TrainSettings(epochs=1, batch_size=1, patch_size_mm=(32, 48, 64), narrow_patch_mm=size_mm)
