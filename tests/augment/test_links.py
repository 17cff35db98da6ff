"""MONAI's dictionary transforms as links of the chain: soft masks stay soft."""

from typing import Any

import numpy as np
import pytest
import torch
from monai.transforms import (
    AsDiscreted,
    CenterSpatialCropd,
    Lambdad,
    Rand3DElasticd,
    RandAffined,
    RandFlipd,
    RandGaussianNoise,
    RandGaussianNoised,
    RandGaussianSmoothd,
    RandZoomd,
    ScaleIntensityRanged,
)

from softcord.app.config.instantiate import build
from softcord.augment.chain import Augment
from softcord.errors import UsageError

BOTH = ("image", "softseg")
TURN = {"prob": 0.5, "rotate_range": (0.3, 0.3, 0.3), "padding_mode": "zeros"}


def tube(side: int = 24) -> torch.Tensor:
    x, y, z = torch.meshgrid(*(torch.linspace(-1, 1, side),) * 3, indexing="ij")
    return (1.5 - 3 * torch.sqrt((x - 0.3 * z) ** 2 + y**2)).clamp(0, 1)


def test_a_chain_of_noise_and_affine_works_and_stays_soft() -> None:
    node = {
        "_target_": "softcord.augment.chain.Augment",
        "links": {
            "noise": {"_target_": "monai.transforms.RandGaussianNoised", "keys": ["image"], "prob": 1.0},
            "affine": {
                "_target_": "monai.transforms.RandAffined",
                "keys": list(BOTH),
                "prob": 1.0,
                "rotate_range": [0.3, 0.3, 0.3],
                "mode": "bilinear",
                "padding_mode": "zeros",
            },
        },
    }
    augment = build(node, "augment")
    assert isinstance(augment, Augment)
    softseg = tube()
    image = softseg.clone()
    drawn = augment.draw(np.random.default_rng(1), (24, 24, 24))
    moved, moved_softseg = augment.apply(image, softseg, drawn)
    assert type(moved) is type(moved_softseg) is torch.Tensor
    assert moved.dtype == moved_softseg.dtype == torch.float32
    assert moved_softseg.min() >= 0
    assert moved_softseg.max() <= 1
    between = ((moved_softseg > 0.05) & (moved_softseg < 0.95)).sum()
    assert between > 0.7 * ((softseg > 0.05) & (softseg < 0.95)).sum()
    assert (moved_softseg - softseg).abs().max() > 0.2
    # The image moved with it: what differs is the noise alone, of standard deviation 0.1 at most.
    assert (moved - moved_softseg).std() < 0.12
    again, again_softseg = augment.apply(image, softseg, drawn)
    assert torch.equal(moved, again)
    assert torch.equal(moved_softseg, again_softseg)
    other, _ = augment.apply(image, softseg, augment.draw(np.random.default_rng(2), (24, 24, 24)))
    assert not torch.equal(moved, other)


KEPT: dict[str, Any] = {
    "bilinear": RandAffined(BOTH, mode="bilinear", **TURN),
    "flip": RandFlipd(BOTH, prob=0.5, spatial_axis=0),
    "zoom": RandZoomd(BOTH, prob=0.1, mode=("trilinear", "trilinear"), padding_mode="constant"),
    "rare noise": RandGaussianNoised(["image"], prob=0.01),
    "smooth": RandGaussianSmoothd(BOTH, prob=0.3),
    "elastic": Rand3DElasticd(BOTH, (3, 5), (5, 10), prob=0.3, mode="bilinear", padding_mode="zeros"),
}


@pytest.mark.parametrize("name", KEPT)
def test_transforms_that_keep_the_mask_soft_are_taken(name: str) -> None:
    Augment(links={name: KEPT[name]})


def nearest_by_another_name(softseg: torch.Tensor) -> torch.Tensor:
    return softseg[..., ::2].repeat_interleave(2, dim=-1)


REFUSED: dict[str, tuple[Any, str]] = {
    "nearest": (
        RandAffined(BOTH, mode=("bilinear", "nearest"), **TURN),
        "moves the soft mask to the nearest",
    ),
    "nearest both": (RandAffined(BOTH, mode="nearest", **TURN), "moves the soft mask to the nearest"),
    "nearest shift": (
        RandAffined(BOTH, mode=("bilinear", "nearest"), prob=1, translate_range=3, padding_mode="zeros"),
        "moves the soft mask to the nearest",
    ),
    "nearest, rarely": (
        RandZoomd(BOTH, prob=0.01, min_zoom=1.1, max_zoom=1.2, mode=("trilinear", "nearest")),
        "moves the soft mask to the nearest",
    ),
    "unnamed": (Lambdad(BOTH, nearest_by_another_name), "moves the soft mask to the nearest"),
    "threshold": (AsDiscreted(["softseg"], threshold=0.5), "makes the soft mask hard"),
    "round": (Lambdad(BOTH, torch.round), "makes the soft mask hard"),
    "scale": (ScaleIntensityRanged(BOTH, 0, 1, 0, 2), r"out of \[0, 1\]"),
    "crop": (CenterSpatialCropd(BOTH, (8, 8, 8)), "must keep a patch's size"),
    "mask alone": (
        RandAffined(["softseg"], mode="bilinear", **TURN),
        "changes the soft mask and not the image",
    ),
    "no such key": (RandFlipd(["label"], prob=1), "fails on a patch with an image and a softseg"),
    "array": (RandGaussianNoise(prob=1), "must be a dictionary transform"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_transforms_that_would_not_are_refused_with_the_reason(name: str) -> None:
    transform, reason = REFUSED[name]
    with pytest.raises(ValueError, match=reason) as caught:
        Augment(links={name: transform})
    assert str(caught.value).startswith(f"links.{name}: ")


def test_the_key_of_a_refused_link_is_named_and_other_classes_are_not_imported() -> None:
    link: dict[str, Any] = {"_target_": "monai.transforms.AsDiscreted", "keys": ["softseg"], "threshold": 0.5}
    chain = {"_target_": "softcord.augment.chain.Augment", "links": {"hard": link}}
    with pytest.raises(UsageError, match=r"^augment\.links\.hard: makes the soft mask hard"):
        build(chain, "augment")
    link["_target_"] = "os.system"
    with pytest.raises(UsageError, match=r"^augment\.links\.hard\._target_: must be a class of softcord's"):
        build(chain, "augment")


def test_a_chain_without_links_draws_what_it_always_drew() -> None:
    one, other = np.random.default_rng(1), np.random.default_rng(1)
    assert Augment().draw(one, (8, 8, 8)).links is None
    assert one.random() == other.random()
