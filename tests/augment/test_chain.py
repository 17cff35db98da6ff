"""What every choice in conf/augment must hold, and what single transforms do."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from torch import Tensor

from softcord.augment.brightness import Brightness
from softcord.augment.chain import Augment, Drawn
from softcord.augment.gamma import Gamma
from softcord.augment.scaling import Scaling

CONF = Path(__file__).parents[2] / "conf"
CHOICES = sorted(path.stem for path in (CONF / "augment").glob("*.yaml"))
SHAPE = (20, 16, 24)


def build(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    arguments = {key: build(value) for key, value in node.items() if key != "_target_"}
    module, name = node["_target_"].rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(**arguments)


def node_of(choice: str, recipe: str = "default") -> dict[str, Any]:
    loaded = OmegaConf.load(CONF / "recipe" / f"{recipe}.yaml")
    whole = OmegaConf.create({"recipe": loaded["recipe"]})
    whole["augment"] = OmegaConf.load(CONF / "augment" / f"{choice}.yaml")
    node = OmegaConf.to_container(whole, resolve=True)
    assert isinstance(node, dict)
    return dict(node["augment"])


def from_yaml(choice: str, recipe: str = "default", *, always: bool = False) -> Augment:
    node = node_of(choice, recipe)
    if always:
        node = {k: v | {"probability": 1.0} if "probability" in (v or ()) else v for k, v in node.items()}
    augment = build(node)
    assert isinstance(augment, Augment)
    return augment


def phantom(shape: tuple[int, int, int] = SHAPE) -> Tensor:
    """A soft-edged oblique tube with values in [0, 1]."""
    x, y, z = (
        torch.linspace(-1, 1, n).reshape([-1 if a == b else 1 for b in range(3)]) for a, n in enumerate(shape)
    )
    distance = torch.sqrt((x - 0.3 * z) ** 2 + (y + 0.1) ** 2)
    return (1.5 - 3 * distance).clamp(0, 1)


@pytest.mark.parametrize("choice", CHOICES)
def test_mask_stays_soft_and_image_finite(choice: str) -> None:
    augment = from_yaml(choice, always=True)
    image, softseg = 5 * torch.rand(SHAPE), phantom()
    for seed in range(20):
        drawn = augment.draw(np.random.default_rng(seed), SHAPE)
        moved, moved_softseg = augment.apply(image, softseg, drawn)
        assert moved.shape == moved_softseg.shape == SHAPE
        assert moved.dtype == moved_softseg.dtype == torch.float32
        assert moved.isfinite().all()
        assert moved_softseg.min() >= 0
        assert moved_softseg.max() <= 1


@pytest.mark.parametrize("choice", CHOICES)
def test_image_and_mask_stay_aligned(choice: str) -> None:
    # Label maps are moved to the nearest voxel, which is another interpolation.
    augment = replace(from_yaml(choice, always=True), mixture=None)
    softseg = phantom()
    for seed in range(10):
        drawn = augment.draw(np.random.default_rng(seed), SHAPE)
        geometric = Drawn(affine=drawn.affine, elastic=drawn.elastic, flip=drawn.flip)
        moved, moved_softseg = augment.apply(softseg.clone(), softseg, geometric)
        torch.testing.assert_close(moved, moved_softseg, atol=1e-6, rtol=0)


@pytest.mark.parametrize("choice", CHOICES)
def test_same_generator_state_gives_the_same_sample(choice: str) -> None:
    augment = from_yaml(choice)
    image, softseg = torch.rand(SHAPE), phantom()
    for seed in range(5):
        first, second = (
            augment.apply(image, softseg, augment.draw(np.random.default_rng(seed), SHAPE)) for _ in range(2)
        )
        assert torch.equal(first[0], second[0])
        assert torch.equal(first[1], second[1])


@pytest.mark.parametrize("choice", CHOICES)
def test_inputs_are_left_as_they_were(choice: str) -> None:
    augment = from_yaml(choice, always=True)
    image, softseg = torch.rand(SHAPE), phantom()
    before = image.clone(), softseg.clone()
    augment.apply(image, softseg, augment.draw(np.random.default_rng(0), SHAPE))
    assert torch.equal(image, before[0])
    assert torch.equal(softseg, before[1])


@pytest.mark.parametrize("choice", CHOICES)
def test_all_is_computed_on_the_device_that_the_image_lies_on(choice: str) -> None:
    # Tensors on the meta device have no content and mix with no other device's.
    augment = from_yaml(choice, always=True)
    image, softseg = (torch.empty(SHAPE, device="meta") for _ in range(2))
    for seed in range(5):
        drawn = augment.draw(np.random.default_rng(seed), SHAPE)
        for result in augment.apply(image, softseg, drawn):
            assert (result.device.type, result.shape) == ("meta", SHAPE)


def test_none_changes_nothing() -> None:
    augment = from_yaml("none")
    image, softseg = torch.rand(SHAPE), phantom()
    drawn = augment.draw(np.random.default_rng(0), SHAPE)
    assert drawn == Drawn()
    assert augment.apply(image, softseg, drawn) == (image, softseg)


@pytest.mark.parametrize("choice", ["paper", "paper_code"])
def test_transforms_are_drawn_as_often_as_the_paper_says(choice: str) -> None:
    augment = from_yaml(choice)
    rng = np.random.default_rng(0)
    drawn = [augment.draw(rng, SHAPE) for _ in range(2000)]
    expected = {
        "affine": 0.9,
        "elastic": 0.5,
        "low_resolution": 0.25,
        "gamma": 0.5,
        "bias_field": 0.3,
        "noise": 0.1,
        "smoothing": 0.3,
        "scaling": 0.15,
        "flip": 1 - 0.7**3 if choice == "paper" else 0.3,
    }
    for name, share in expected.items():
        assert np.mean([getattr(d, name) is not None for d in drawn]) == pytest.approx(share, abs=0.05), name


def drawn_affines(choice: str) -> np.ndarray:
    augment = from_yaml(choice, always=True)
    rng = np.random.default_rng(0)
    affines = [augment.draw(rng, SHAPE).affine for _ in range(300)]
    return np.array([[a.rotation_deg, a.scaling, a.translation_voxels] for a in affines if a])


def test_text_rotates_scales_and_shifts_on_all_axes() -> None:
    extremes = np.abs(drawn_affines("paper")).max(axis=0)
    np.testing.assert_allclose(extremes[0], 20, rtol=0.1)
    np.testing.assert_allclose(extremes[1], 0.2, rtol=0.1)
    np.testing.assert_allclose(extremes[2], 0.1 * np.array(SHAPE), rtol=0.1)


def test_code_leaves_the_third_axis_alone_and_shifts_by_a_tenth_of_a_voxel() -> None:
    extremes = np.abs(drawn_affines("paper_code")).max(axis=0)
    np.testing.assert_allclose(extremes[:, 2], 0)
    np.testing.assert_allclose(extremes[2, :2], 0.1, rtol=0.1)
    np.testing.assert_allclose(extremes[0, :2], 20, rtol=0.1)


def test_code_flips_all_axes_together_and_the_text_one_by_one() -> None:
    rng = np.random.default_rng(0)
    by_code, by_text = (
        {augment.draw(rng, SHAPE).flip for _ in range(300)}
        for augment in map(from_yaml, ("paper_code", "paper"))
    )
    assert by_code == {None, (0, 1, 2)}
    assert len(by_text) == 8


NINE = {"sharpening", "smoothing", "noise", "brightness", "gamma", "perturbation", "elastic"}


def test_bigaug_draws_each_of_its_nine_transforms_in_half_of_the_patches() -> None:
    augment = from_yaml("bigaug")
    rng = np.random.default_rng(0)
    drawn = [augment.draw(rng, SHAPE) for _ in range(2000)]
    for name in NINE:
        assert np.mean([getattr(d, name) is not None for d in drawn]) == pytest.approx(0.5, abs=0.05), name
    affine = [d.affine for d in drawn]
    rotated = [a is not None and any(a.rotation_deg) for a in affine]
    scaled = [a is not None and any(a.scaling) for a in affine]
    assert np.mean(rotated) == pytest.approx(0.5, abs=0.05)
    assert np.mean(scaled) == pytest.approx(0.5, abs=0.05)
    # Drawn for themselves: a quarter has both.
    assert np.mean(np.logical_and(rotated, scaled)) == pytest.approx(0.25, abs=0.05)


def test_bigaug_scales_to_between_0_4_and_1_6_and_its_authors_code_mirrors() -> None:
    sizes = {}
    for recipe in ("default", "paper_code"):
        augment = from_yaml("bigaug", recipe, always=True)
        rng = np.random.default_rng(0)
        affines = [augment.draw(rng, SHAPE).affine for _ in range(500)]
        sizes[recipe] = 1 + np.array([a.scaling for a in affines if a])
    low, high = sizes["default"].min(axis=0), sizes["default"].max(axis=0)
    np.testing.assert_allclose(low, 0.4, atol=0.01)
    np.testing.assert_allclose(high, 1.6, atol=0.01)
    code = sizes["paper_code"]
    assert 1 / 1.4 <= code[:, 0].min() <= code[:, 0].max() <= 1 / 0.6
    assert np.mean(code[:, 1] < 0) == pytest.approx(0.6 / 3.2, abs=0.04)
    np.testing.assert_allclose(code[:, 2], 1)


def test_an_order_names_every_transform_of_intensities_that_is_there() -> None:
    gamma = from_yaml("paper").gamma
    with pytest.raises(ValueError, match=r"^order: must name gamma once"):
        Augment(gamma=gamma, order=())
    with pytest.raises(ValueError, match=r"^order: must be among .*, got elastic"):
        Augment(order=("elastic",))


def test_intensities_change_in_the_order_that_is_set() -> None:
    image, softseg = torch.linspace(0, 1, 8).reshape(2, 2, 2), torch.zeros(2, 2, 2)
    transforms = {
        "gamma": Gamma(1, (2, 2)),
        "scaling": Scaling(1, (1, 1)),
        "brightness": Brightness(1, (1, 1)),
    }
    results = {}
    for order in (("scaling", "brightness", "gamma"), ("gamma", "brightness", "scaling")):
        augment = Augment(**transforms, order=order)
        results[order[0]] = augment.apply(image, softseg, augment.draw(np.random.default_rng(0), (2, 2, 2)))[
            0
        ]
    torch.testing.assert_close(results["scaling"], 1 + 2 * image**2)
    torch.testing.assert_close(results["gamma"], 2 * (image**2 + 1))


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32), shape=st.tuples(*(st.integers(2, 12),) * 3))
def test_any_patch_size_is_taken(seed: int, shape: tuple[int, int, int]) -> None:
    augment = from_yaml("paper", always=True)
    drawn = augment.draw(np.random.default_rng(seed), shape)
    image, softseg = augment.apply(torch.rand(shape), torch.rand(shape), drawn)
    assert image.isfinite().all()
    assert 0 <= softseg.min() <= softseg.max() <= 1


def test_every_range_is_checked_by_its_name() -> None:
    for choice in ("paper", "paper_code", "bigaug"):
        node = node_of(choice)
        for transform in (v for v in node.values() if isinstance(v, dict)):
            for name, value in transform.items():
                wrong: object = {float: -1.0, list: [5.0, -5.0]}.get(type(value))
                if wrong is not None:
                    with pytest.raises(ValueError, match=f"^{name}: must"):
                        build(transform | {name: wrong})
