"""What every loss in conf/loss must hold, whoever adds it."""

import importlib
from pathlib import Path
from typing import Any

import pytest
import torch
from omegaconf import OmegaConf
from torch import Tensor, nn

from softcord.nets.activation import activate

CONF = Path(__file__).parents[2] / "conf"
CHOICES = sorted(path.stem for path in (CONF / "loss").glob("*.yaml"))
RECIPES = sorted(path.stem for path in (CONF / "recipe").glob("*.yaml"))


def settings_of(choice: str, recipe: str = "default") -> dict[str, Any]:
    tree = OmegaConf.create({"loss": OmegaConf.load(CONF / "loss" / f"{choice}.yaml")})
    tree.recipe = OmegaConf.load(CONF / "recipe" / f"{recipe}.yaml").recipe
    return OmegaConf.to_container(tree.loss, resolve=True)  # type: ignore[return-value]


def build(choice: str, recipe: str = "default", **changed: Any) -> nn.Module:
    settings = settings_of(choice, recipe) | changed
    module, name = settings.pop("_target_").rsplit(".", 1)
    return getattr(importlib.import_module(module), name)(**settings)


@pytest.fixture(params=[(c, r) for c in CHOICES for r in RECIPES], ids="-".join)
def loss(request: pytest.FixtureRequest) -> nn.Module:
    return build(*request.param)


@pytest.fixture(params=["soft", "hard", "empty", "full"])
def target(request: pytest.FixtureRequest) -> Tensor:
    soft = torch.rand(2, 1, 6, 5, 4, generator=torch.Generator().manual_seed(0))
    return {
        "soft": soft,
        "hard": (soft > 0.5).float(),
        "empty": torch.zeros_like(soft),
        "full": torch.ones_like(soft),
    }[request.param]


def raw_output_for(softseg: Tensor, loss: nn.Module) -> Tensor:
    """Invert the activation."""
    return torch.logit(softseg, eps=1e-6) if loss.prediction_activation == "sigmoid" else softseg.clone()


@pytest.mark.parametrize("scale", [0.0, 1e-4, 1.0, 1e4])
def test_gradient_is_finite_wherever_the_output_is(loss: nn.Module, target: Tensor, scale: float) -> None:
    noise = torch.randn(target.shape, generator=torch.Generator().manual_seed(1))
    for output in (target + scale * noise, target - scale, scale * noise):
        output.requires_grad_()
        value = loss(output, target)
        value.backward()
        assert value.shape == ()
        assert value.isfinite()
        assert output.grad is not None
        assert output.grad.isfinite().all()


def test_loss_is_never_negative(loss: nn.Module, target: Tensor) -> None:
    for seed in range(5):
        output = torch.randn(target.shape, generator=torch.Generator().manual_seed(seed))
        assert loss(output, target) >= 0


@pytest.mark.parametrize("choice", CHOICES)
def test_loss_falls_as_the_prediction_nears_the_target(choice: str, target: Tensor) -> None:
    loss = build(choice)
    steps = [
        raw_output_for(torch.lerp(1 - target, target, share), loss) for share in (0.0, 0.6, 0.8, 0.9, 1.0)
    ]
    values = [loss(step, target).item() for step in steps]
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1]


def test_half_precision_output_gives_the_loss_of_its_values(loss: nn.Module, target: Tensor) -> None:
    output = torch.randn(target.shape, generator=torch.Generator().manual_seed(2)).bfloat16()
    assert loss(output, target).dtype == torch.float32
    torch.testing.assert_close(loss(output, target), loss(output.float(), target))


def test_prediction_activation_gives_a_soft_mask(loss: nn.Module, target: Tensor) -> None:
    softseg = activate(3 * torch.randn(target.shape), loss.prediction_activation)
    assert softseg.min() >= 0
    assert softseg.max() <= 1


def test_every_number_in_the_yaml_changes_the_loss() -> None:
    target = torch.rand(2, 1, 6, 5, 4, generator=torch.Generator().manual_seed(3))
    output = 3 * torch.randn(target.shape, generator=torch.Generator().manual_seed(4))
    for choice in CHOICES:
        numbers = {k: v for k, v in settings_of(choice).items() if isinstance(v, float)}
        assert numbers
        for name, number in numbers.items():
            changed = build(choice, **{name: 1.25 * number})
            assert not torch.isclose(changed(output, target), build(choice)(output, target)), (choice, name)


def test_a_number_out_of_range_is_refused_by_its_name() -> None:
    for choice in CHOICES:
        numbers = {k: v for k, v in settings_of(choice).items() if isinstance(v, float)}
        for name in numbers:
            with pytest.raises(ValueError, match=f"^{name}: must be"):
                build(choice, **{name: -1.0})
