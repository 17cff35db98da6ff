import pytest
import torch

from softcord.nets.activation import activate
from softcord.nets.norm_relu import norm_relu


def test_norm_relu_ignores_batch_mates() -> None:
    batch = torch.randn(3, 1, 4, 5, 6) * torch.tensor([1.0, 10.0, 100.0]).reshape(3, 1, 1, 1, 1)
    together = norm_relu(batch)
    for sample, alone in zip(together, batch.split(1), strict=True):
        torch.testing.assert_close(sample, norm_relu(alone)[0])
    torch.testing.assert_close(together.amax((1, 2, 3, 4)), torch.ones(3))


def test_sample_without_positive_value_becomes_zero_with_zero_gradient() -> None:
    raw = torch.tensor([[[-1.0, 0.0, -3.0]], [[1.0, -2.0, 4.0]]], requires_grad=True)
    softseg = norm_relu(raw)
    softseg.square().sum().backward()
    assert softseg.tolist() == [[[0.0, 0.0, 0.0]], [[0.25, 0.0, 1.0]]]
    assert raw.grad is not None
    assert raw.grad.isfinite().all()
    assert raw.grad[0].abs().sum() == 0


def test_floor_keeps_faint_noise_faint() -> None:
    assert norm_relu(torch.tensor([[0.01, 0.02]]), floor=0.5).max() == pytest.approx(0.04)


@pytest.mark.parametrize(
    ("activation", "expected"),
    [("clip", [0.0, 0.5, 1.0]), ("normrelu", [0.0, 0.25, 1.0]), ("sigmoid", [0.2689, 0.6225, 0.8808])],
)
def test_activations_give_the_values_they_name(activation: str, expected: list[float]) -> None:
    softseg = activate(torch.tensor([[-1.0, 0.5, 2.0]]), activation)
    torch.testing.assert_close(softseg, torch.tensor([expected]), atol=1e-4, rtol=0)


def test_unknown_activation_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^activation: "):
        activate(torch.zeros(1, 1), "softmax")
