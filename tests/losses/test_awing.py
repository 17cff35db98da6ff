import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from softcord.losses.awing import AdaptiveWingLoss
from softcord.nets.norm_relu import norm_relu


def awing_by_hand(
    y: float, output: float, omega: float = 8, epsilon: float = 1, theta: float = 0.5, alpha: float = 2.1
) -> float:
    """Equation 2 of the paper, with A and C of Wang et al. 2019, in double precision."""
    error = abs(y - output)
    if error < theta:
        return omega * math.log(1 + (error / epsilon) ** (alpha - y))
    ratio = theta / epsilon
    a = omega / (1 + ratio ** (alpha - y)) * (alpha - y) * ratio ** (alpha - y - 1) / epsilon
    c = theta * a - omega * math.log(1 + ratio ** (alpha - y))
    return a * error - c


@given(
    y=st.floats(0, 1),
    output=st.floats(-3, 3),
    omega=st.floats(0.1, 20),
    epsilon=st.floats(0.1, 3),
    theta=st.floats(0.1, 0.9),
    alpha=st.floats(2, 3),
)
def test_value_is_the_published_formula(
    y: float, output: float, omega: float, epsilon: float, theta: float, alpha: float
) -> None:
    loss = AdaptiveWingLoss(omega, epsilon, theta, alpha)(torch.tensor([output]), torch.tensor([y]))
    by_hand = awing_by_hand(y, output, omega, epsilon, theta, alpha)
    assert loss.item() == pytest.approx(by_hand, rel=2e-4, abs=1e-5)


def test_perfect_prediction_costs_nothing() -> None:
    target = torch.linspace(0, 1, 11)
    assert AdaptiveWingLoss()(target, target) == 0


def test_sum_is_mean_times_voxels() -> None:
    target, output = torch.rand(2, 1, 3, 4, 5), torch.rand(2, 1, 3, 4, 5)
    total = AdaptiveWingLoss(reduction="sum")(output, target)
    torch.testing.assert_close(total, 120 * AdaptiveWingLoss()(output, target))


def test_activation_decides_whether_the_loss_sees_the_raw_output() -> None:
    target, output = torch.rand(2, 1, 3, 4, 5), 4 * torch.randn(2, 1, 3, 4, 5)
    torch.testing.assert_close(
        AdaptiveWingLoss(activation="normrelu")(output, target), AdaptiveWingLoss()(norm_relu(output), target)
    )


def test_prediction_follows_training_unless_told_otherwise() -> None:
    assert AdaptiveWingLoss().prediction_activation == "clip"
    assert AdaptiveWingLoss(activation="normrelu").prediction_activation == "normrelu"
    assert AdaptiveWingLoss(prediction_activation="normrelu").prediction_activation == "normrelu"
