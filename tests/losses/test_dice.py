import pytest
import torch
from torch.nn.functional import binary_cross_entropy

from softcord.losses.dice import DiceLoss
from softcord.losses.dice_ce import DiceCELoss
from softcord.nets.norm_relu import norm_relu


def test_dice_of_half_overlapping_hard_masks_is_one_half() -> None:
    target = torch.tensor([1.0, 1.0, 0.0, 0.0]).reshape(1, 1, 4)
    output = torch.tensor([0.0, 1.0, 1.0, 0.0]).reshape(1, 1, 4)
    for overlap in ("min", "product"):
        loss = DiceLoss(smooth=1e-9, overlap=overlap, activation="clip")
        assert loss(output, target).item() == pytest.approx(0.5)


def test_only_the_min_overlap_is_best_at_a_soft_target() -> None:
    target = torch.full((1, 1, 50), 0.6)
    harder = torch.full((1, 1, 50), 1.0)
    by_min, by_product = (DiceLoss(overlap=o, activation="clip") for o in ("min", "product"))
    assert by_min(target, target) == 0
    assert by_min(harder, target) > 0
    assert by_product(harder, target) < by_product(target, target)


def test_two_empty_masks_agree() -> None:
    empty = torch.zeros(2, 1, 4)
    assert DiceLoss(activation="clip")(empty, empty) == 0


def test_samples_count_alike_unless_pooled_across_the_batch() -> None:
    target = torch.tensor([[1.0] * 8, [1.0] + [0.0] * 7]).unsqueeze(1)
    output = torch.tensor([[1.0] * 8, [0.0] * 8]).unsqueeze(1)
    settings = {"smooth": 1e-9, "activation": "clip"}
    assert DiceLoss(**settings)(output, target).item() == pytest.approx(0.5)
    assert DiceLoss(**settings, across_batch=True)(output, target).item() == pytest.approx(1 - 16 / 17)


def test_cross_entropy_term_is_the_binary_one_and_not_zero() -> None:
    target, output = torch.rand(2, 1, 50), torch.randn(2, 1, 50)
    term = DiceCELoss(dice_weight=0)(output, target)
    torch.testing.assert_close(term, binary_cross_entropy(output.sigmoid(), target))
    assert term > 0.1


def test_each_term_carries_its_weight() -> None:
    target, output = torch.rand(2, 1, 50), torch.randn(2, 1, 50)
    dice, ce = DiceCELoss(ce_weight=0)(output, target), DiceCELoss(dice_weight=0)(output, target)
    both = DiceCELoss(dice_weight=2, ce_weight=3)(output, target)
    torch.testing.assert_close(both, 2 * dice + 3 * ce)


def test_paper_code_is_dice_alone_on_norm_relu_outputs() -> None:
    target, output = torch.rand(2, 1, 50), torch.randn(2, 1, 50)
    loss = DiceCELoss(ce_weight=0, activation="normrelu", overlap="product", across_batch=True)
    softseg = norm_relu(output)
    dice = (2 * (softseg * target).sum() + 1) / (softseg.sum() + target.sum() + 1)
    torch.testing.assert_close(loss(output, target), 1 - dice)
    assert loss.prediction_activation == "normrelu"


@pytest.mark.parametrize("activation", ["clip", "normrelu"])
def test_cross_entropy_of_masks_without_logits_stays_finite(activation: str) -> None:
    target, output = torch.rand(2, 1, 50), (3 * torch.randn(2, 1, 50)).requires_grad_()
    loss = DiceCELoss(dice_weight=0, activation=activation)(output, target)
    loss.backward()
    assert 0 < loss < 10
    assert output.grad is not None
    assert output.grad.isfinite().all()
    assert output.grad.abs().max() > 0
