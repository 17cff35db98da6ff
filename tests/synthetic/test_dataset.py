"""Drawn patches as training data."""

from dataclasses import replace

import pytest
import torch

from softcord.synthetic.dataset import SyntheticPatches, SyntheticValidation
from softcord.synthetic.settings import SyntheticSettings

SETTINGS = replace(SyntheticSettings(), patches_per_epoch=4, validation_patches=2)
SIZE = (16, 24, 16)


def test_a_sample_depends_on_seed_and_index_alone() -> None:
    first, second = (SyntheticPatches(SETTINGS, SIZE, seed=3) for _ in range(2))
    backwards = [second[index] for index in reversed(range(8))][::-1]
    for index, there in enumerate(backwards):
        assert torch.equal(first[index]["image"], there["image"])
        assert torch.equal(first[index]["softseg"], there["softseg"])


def test_every_epoch_shows_new_patches() -> None:
    patches = SyntheticPatches(SETTINGS, SIZE, seed=3)
    images = [patches[index]["image"] for index in range(3 * len(patches))]
    assert all(not torch.equal(a, b) for i, a in enumerate(images) for b in images[:i])


def test_images_are_standardised_with_a_channel() -> None:
    sample = SyntheticPatches(SETTINGS, SIZE, seed=1)[0]
    assert sample["image"].shape == sample["softseg"].shape == (1, *SIZE)
    assert sample["image"].mean() == pytest.approx(0, abs=1e-4)
    assert sample["image"].std() == pytest.approx(1, abs=1e-3)


def test_the_validation_set_is_the_same_each_time_and_no_training_patch() -> None:
    first, second = (SyntheticValidation(SETTINGS, SIZE) for _ in range(2))
    assert len(first) == 2
    assert all(torch.equal(first[i]["image"], second[i]["image"]) for i in range(2))
    assert not torch.equal(first[0]["image"], SyntheticPatches(SETTINGS, SIZE, seed=0)[0]["image"])


def test_a_patch_of_a_single_slice_is_refused() -> None:
    with pytest.raises(ValueError, match="patch_size"):
        SyntheticPatches(SyntheticSettings(), (32, 32, 1), 1)
