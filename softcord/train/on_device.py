"""Augment where the net computes: the dataset draws what happens to a sample, the device does it."""

from typing import Any

import torch
from torch.utils.data import default_collate

from softcord.train.patches import as_sample


def collate(samples: list[dict[str, Any]]) -> dict[str, Any]:
    """Stack the tensors of samples; the functions that are still to be called on them stay a list."""
    later = [sample["augment"] for sample in samples if "augment" in sample]
    batch: dict[str, Any] = default_collate(
        [{key: value for key, value in sample.items() if key != "augment"} for sample in samples]
    )
    return {**batch, "augment": later} if later else batch


def augmented(batch: dict[str, Any]) -> dict[str, torch.Tensor]:
    """Call what was left for later on each sample of a batch, on the device that it has come to.

    One sample after the other: each has transforms of its own, and a patch of the paper's size keeps a GPU
    busy by itself.
    """
    if "augment" not in batch:
        return batch
    pairs = zip(batch["image"], batch["softseg"], batch["augment"], strict=True)
    samples = [as_sample(*augment(image[0], softseg[0])) for image, softseg, augment in pairs]
    return {name: torch.stack([sample[name] for sample in samples]) for name in ("image", "softseg")}
