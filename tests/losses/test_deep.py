import pytest
import torch
from torch import nn

from softcord.losses.awing import AdaptiveWingLoss
from softcord.losses.deep import DeepSupervisionLoss


def test_single_output_is_the_base_loss() -> None:
    target, output = torch.rand(2, 1, 4, 4, 4), torch.rand(2, 1, 4, 4, 4)
    base = AdaptiveWingLoss()
    for normalise in ("weights", "count"):
        torch.testing.assert_close(
            DeepSupervisionLoss(base, normalise=normalise)([output], target), base(output, target)
        )


@pytest.mark.parametrize(("normalise", "divisor"), [("weights", 1.75), ("count", 3)])
def test_coarser_outputs_weigh_half_as_much_each_time(normalise: str, divisor: float) -> None:
    target = torch.zeros(1, 1, 8, 8, 8)
    outputs = [
        torch.full((1, 1, side, side, side), value) for side, value in ((8, 1.0), (4, 10.0), (2, 100.0))
    ]
    loss = DeepSupervisionLoss(nn.L1Loss(), normalise=normalise)(outputs, target)
    assert loss.item() == pytest.approx((1 + 5 + 25) / divisor)


def test_hard_target_is_soft_where_it_is_coarse() -> None:
    target = torch.zeros(1, 1, 4, 4, 4)
    target[..., :2, :, :1] = 1.0
    seen: list[torch.Tensor] = []

    class Spy(nn.Module):
        def forward(self, output: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
            seen.append(target)
            return output.sum()

    DeepSupervisionLoss(Spy())([target, torch.zeros(1, 1, 2, 2, 2)], target)
    assert seen[1].unique().tolist() == [0.0, 0.5]


def test_settings_out_of_range_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^decay: "):
        DeepSupervisionLoss(nn.L1Loss(), decay=2)
    with pytest.raises(ValueError, match=r"^normalise: "):
        DeepSupervisionLoss(nn.L1Loss(), normalise="sum")
