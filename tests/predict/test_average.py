"""The mean of models' weights: between them, and honest about what all of them have seen."""

from dataclasses import replace

import pytest
import torch

from softcord.nets.unet import UNet
from softcord.predict.average import average_models
from softcord.predict.package import Model, ModelDescription, NetDescription, TrainedOn


def trained(seed: int, *datasets: str) -> Model:
    torch.manual_seed(seed)
    seen = tuple(TrainedOn(dataset, dataset, ("T2w",), ("sub-01",)) for dataset in datasets)
    description = ModelDescription(
        f"model-{seed}",
        NetDescription("softcord.nets.unet.UNet", {}),
        (16, 16, 16),
        "sigmoid",
        trained_on=seen,
    )
    return Model(UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1), description)


def test_every_weight_is_the_mean_and_the_models_stay_as_they_are() -> None:
    one, other = trained(1), trained(2)
    before = {key: value.clone() for key, value in other.net.state_dict().items()}
    mean = average_models([one, other], "both").net.state_dict()
    for key, value in before.items():
        assert torch.allclose(mean[key], (one.net.state_dict()[key] + value) / 2)
        assert torch.equal(other.net.state_dict()[key], value)


def test_all_that_any_of_them_has_seen_is_named_once() -> None:
    mean = average_models([trained(1, "a", "b"), trained(2, "b", "c")], "both")
    assert [seen.dataset for seen in mean.description.trained_on] == ["a", "b", "c"]
    assert mean.description.name == "both"


def test_models_that_are_applied_differently_have_no_mean() -> None:
    other = trained(2)
    other = Model(other.net, replace(other.description, activation="clip"))
    with pytest.raises(ValueError, match=r"^models: model-1 and model-2 differ in activation"):
        average_models([trained(1), other], "both")
