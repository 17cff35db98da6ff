from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from softcord.nets.unet import UNet

CONF = Path(__file__).parents[2] / "conf" / "model"
TINY: dict[str, Any] = {"features": (4, 6, 8), "strides": ((1, 1, 1), (2, 2, 2), (1, 2, 2))}


def from_yaml(choice: str) -> UNet:
    settings = yaml.safe_load((CONF / f"{choice}.yaml").read_text())
    assert settings.pop("_target_") == "softcord.nets.unet.UNet"
    return UNet(**settings)


def test_nnunet_is_the_network_of_the_papers_code() -> None:
    net = from_yaml("nnunet")
    assert round(sum(p.numel() for p in net.parameters()) / 1e6, 3) == 30.785
    assert net.required_multiple == (16, 32, 32)
    with torch.device("meta"):
        outputs = from_yaml("nnunet")(torch.empty(1, 1, 64, 192, 320))
    sizes = [tuple(output.shape[2:]) for output in outputs]
    assert sizes == [(64, 192, 320), (32, 96, 160), (16, 48, 80), (8, 24, 40), (4, 12, 20)]


UNETS = sorted(path.stem for path in CONF.glob("*.yaml") if "softcord.nets.unet.UNet" in path.read_text())


@pytest.mark.parametrize("choice", UNETS)
def test_every_u_net_gives_finite_outputs_of_the_images_size(choice: str) -> None:
    net = from_yaml(choice).eval()
    image = torch.randn(1, 1, *net.required_multiple)
    image = torch.cat([image, image], dim=2)
    with torch.no_grad():
        (output,) = net(image)
    assert output.shape == image.shape
    assert output.isfinite().all()


def test_outputs_are_deep_only_in_training() -> None:
    net = UNet(**TINY)
    image = torch.randn(2, 1, 4, 8, 8)
    assert [tuple(o.shape[2:]) for o in net(image)] == [(4, 8, 8), (2, 4, 4)]
    assert len(net.eval()(image)) == 1
    assert len(UNet(**TINY, deep_supervision=False)(image)) == 1


@pytest.mark.parametrize("deep_supervision", [True, False])
def test_every_parameter_gets_a_gradient(deep_supervision: bool) -> None:
    net = UNet(**TINY, deep_supervision=deep_supervision)
    sum(output.square().mean() for output in net(torch.randn(1, 1, 4, 8, 8))).backward()
    assert all(p.grad is not None for p in net.parameters())


def test_output_of_an_image_does_not_depend_on_its_batch_mates() -> None:
    net = UNet(**TINY)
    images = torch.randn(3, 1, 4, 8, 8)
    with torch.no_grad():
        for together, alone in zip(net(images)[0], images.split(1), strict=True):
            torch.testing.assert_close(together, net(alone)[0][0], atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("features", (4,)),
        ("strides", ((1, 1, 1), (2, 2, 2))),
        ("strides", ((2, 2, 2), (2, 2, 2), (2, 2, 2))),
        ("kernel", 4),
        ("convs_per_stage", 0),
    ],
)
def test_impossible_plan_is_refused_by_the_arguments_name(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"^{name}: "):
        UNet(**(TINY | {name: value}))


def test_image_of_another_size_is_refused_with_the_sizes_that_fit() -> None:
    with pytest.raises(ValueError, match=r"multiples of \(2, 4, 4\), got \(4, 8, 6\)"):
        UNet(**TINY)(torch.zeros(1, 1, 4, 8, 6))
