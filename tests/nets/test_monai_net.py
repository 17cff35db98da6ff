"""MONAI's networks train and predict as softcord's do, and their models can be given away."""

import json
from pathlib import Path

import pytest
import torch
from monai.networks.nets.basic_unet import BasicUNet
from monai.networks.nets.segresnet import SegResNet, SegResNetVAE
from monai.networks.nets.unetr import UNETR

from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.engines.check_net import check_net
from softcord.app.main import main
from softcord.errors import DataError, UsageError
from softcord.losses.deep import DeepSupervisionLoss
from softcord.nets.meta import without_numbers
from softcord.nets.monai_net import MonaiNet
from softcord.predict.export import export_bundle
from softcord.predict.infer import predict_grid
from softcord.predict.package import Model, ModelDescription, NetDescription, read_package, write_package

# The shipped files, narrower: the mechanism is the same, the time is not.
TINY = {
    "segresnet": ("model.init_filters=8", "train.patch_size_mm=[16,16,16]"),
    "dynunet": ("model.filters=[4,4,8,8]", "train.patch_size_mm=[16,16,16]"),
    "swinunetr": ("model.feature_size=12", "train.patch_size_mm=[32,32,64]"),
}
MULTIPLE = {"segresnet": 8, "dynunet": 8, "swinunetr": 32}


def tiny(choice: str, *overrides: str) -> Plan:
    return make_plan(compose("phantom=tiny", f"model={choice}", *TINY[choice], *overrides))


def packed(plan: Plan, folder: Path) -> tuple[Model, Path]:
    description = ModelDescription("soft_all", plan.net_description, plan.patch_voxels, "sigmoid")
    model = Model(plan.net().eval(), description)
    return model, write_package(folder, model)


@pytest.mark.parametrize("choice", TINY)
def test_each_net_trains_one_step_and_its_package_predicts_the_same_patch(
    choice: str, tmp_path: Path
) -> None:
    plan = tiny(choice)
    check_net(plan)
    torch.manual_seed(0)
    net = plan.net()
    assert net.required_multiple == (MULTIPLE[choice],) * 3
    image, target = torch.randn(1, 1, *plan.patch_voxels), torch.rand(1, 1, *plan.patch_voxels)
    loss, optimizer = DeepSupervisionLoss(plan.loss()), torch.optim.Adam(net.parameters(), 1e-3)
    before = loss(net(image), target)
    before.backward()
    assert all(weight.grad is not None for weight in net.parameters())
    optimizer.step()
    assert loss(net(image), target) < before

    description = ModelDescription("soft_all", plan.net_description, plan.patch_voxels, "sigmoid")
    model = Model(net, description)
    read = read_package(write_package(tmp_path / "model", model))
    grids = [
        predict_grid(each, image[0, 0].numpy(), window=plan.patch_voxels, activation="sigmoid")
        for each in (net, read.net)
    ]
    assert grids[0].shape == plan.patch_voxels
    assert (grids[0] == grids[1]).all()
    assert grids[0].std() > 0


@pytest.mark.parametrize("choice", TINY)
def test_a_patch_of_another_multiple_is_refused_in_a_line_before_data_are_prepared(choice: str) -> None:
    with pytest.raises(UsageError, match=r"train\.patch_size_mm: gives patches of .* voxels") as caught:
        check_net(tiny(choice, "train.patch_size_mm=[32,32,36]"))
    assert str((MULTIPLE[choice],) * 3) in str(caught.value)


def test_a_layer_under_two_names_is_written_once(tmp_path: Path) -> None:
    model, package = packed(tiny("dynunet"), tmp_path / "model")
    numbers = sum(weight.numel() for weight in model.net.parameters())
    assert (package / "weights.safetensors").stat().st_size < 4 * numbers + 20_000


def test_a_bundle_of_a_monai_net_holds_monai_s_own_net(tmp_path: Path) -> None:
    model, _ = packed(tiny("segresnet"), tmp_path / "model")
    bundle = export_bundle(tmp_path / "bundle", model)
    net = SegResNet(**dict(model.description.net.arguments))
    net.load_state_dict(torch.load(bundle / "models/model.pt", weights_only=True))
    image = torch.randn(1, 1, 16, 16, 16)
    with torch.inference_mode():
        assert torch.equal(net.eval()(image), model.net(image)[0])
    run = json.loads((bundle / "configs/inference.json").read_text())["run"][1]
    assert "@network(x))," in run


def test_export_gives_a_monai_net_away_as_one_file(tmp_path: Path) -> None:
    _, package = packed(tiny("segresnet"), tmp_path / "model")
    assert main(["export", "-m", str(package), "-o", str(tmp_path / "given.zip")]) == 0
    assert isinstance(read_package(tmp_path / "given.zip").net, MonaiNet)


def test_a_package_may_name_the_three_and_no_other_net_of_monai_unless_allowed(tmp_path: Path) -> None:
    target = "monai.networks.nets.basic_unet.BasicUNet"
    arguments = {"out_channels": 1, "features": [4, 4, 4, 4, 4, 4]}
    described = NetDescription(target, arguments)
    net = MonaiNet(BasicUNet(out_channels=1, features=(4, 4, 4, 4, 4, 4)))
    package = write_package(
        tmp_path / "model", Model(net, ModelDescription("soft_all", described, (32, 32, 32), "sigmoid"))
    )
    with pytest.raises(DataError, match="wants a net that is not softcord's"):
        read_package(package)
    assert isinstance(read_package(package, ("monai.networks.nets",)).net, MonaiNet)


def test_networks_that_cannot_make_one_mask_of_any_patch_are_refused() -> None:
    with without_numbers():
        with pytest.raises(ValueError, match="one mask of the image's size"):
            MonaiNet(SegResNet(out_channels=2))
        with pytest.raises(ValueError, match="not with a tuple"):
            MonaiNet(SegResNetVAE((64, 64, 64), out_channels=1))
        with pytest.raises(ValueError, match="one size only"):
            MonaiNet(UNETR(1, 1, (64, 64, 64), feature_size=4, hidden_size=24, mlp_dim=24, num_heads=2))


def test_a_wrong_key_of_a_monai_net_is_named() -> None:
    with pytest.raises(UsageError, match=r"model\.init_filter: is not a known key. Did you mean"):
        make_plan(compose("model=segresnet", "+model.init_filter=8")).net()
