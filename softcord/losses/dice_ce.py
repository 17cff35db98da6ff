"""Dice plus a cross-entropy that is really there."""

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy, binary_cross_entropy_with_logits

from softcord.losses.dice import DiceLoss, Overlap
from softcord.nets.activation import Activation, activate

NEAR_ZERO = 1e-4  # where a mask without logits is exactly 0 or 1, its cross-entropy would be infinite


class DiceCELoss(nn.Module):
    """Weighted sum of the soft Dice loss and the binary cross-entropy.

    The paper's code takes a softmax cross-entropy over its single channel, which is 0 whatever the output:
    its "DiceCE" is Dice alone, on NormReLU outputs (here ``ce_weight=0 activation=normrelu
    overlap=product across_batch=true``). This one is the binary cross-entropy, which takes soft targets and
    is smallest where the prediction equals them.

    Args:
        dice_weight: weight of the Dice term.
        ce_weight: weight of the cross-entropy term, a mean over voxels.
        smooth: see :class:`softcord.losses.dice.DiceLoss`, as for the next three.
        overlap: ``min`` or ``product``.
        activation: turns the raw output into a soft mask in both terms. ``sigmoid`` is what cross-entropy is
            made for; ``normrelu`` is the paper's text, and passes no gradient where the output is negative.
        across_batch: sum voxels over the batch before dividing.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.

    >>> import softcord, torch
    >>> loss = softcord.DiceCELoss()
    >>> target_seg = torch.tensor([[[0.0, 1.0, 1.0]]])
    >>> right, wrong = 9 * (2 * target_seg - 1), 9 * (1 - 2 * target_seg)  # raw outputs, before the sigmoid
    >>> loss(right, target_seg).item() < 0.01 < loss(wrong, target_seg).item()
    True
    """

    def __init__(
        self,
        dice_weight: float = 1.0,
        ce_weight: float = 1.0,
        smooth: float = 1.0,
        overlap: Overlap = "min",
        activation: Activation = "sigmoid",
        across_batch: bool = False,
    ) -> None:
        super().__init__()
        if not dice_weight >= 0:
            raise ValueError(f"dice_weight: must be >= 0, got {dice_weight}")
        if not (ce_weight >= 0 and dice_weight + ce_weight > 0):
            raise ValueError(f"ce_weight: must be >= 0, and above 0 where dice_weight is 0, got {ce_weight}")
        self.dice = DiceLoss(smooth, overlap, activation, across_batch)
        self.dice_weight = dice_weight
        self.ce_weight = ce_weight
        self.prediction_activation: Activation = activation

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss, at least 0, of raw ``output`` against ``target`` in [0, 1], same shapes."""
        loss: Tensor = self.dice_weight * self.dice(output, target)
        if self.ce_weight > 0:
            loss = loss + self.ce_weight * self._cross_entropy(output, target.float())
        return loss

    def _cross_entropy(self, output: Tensor, target: Tensor) -> Tensor:
        if self.prediction_activation == "sigmoid":
            return binary_cross_entropy_with_logits(output.float(), target)
        softseg = activate(output, self.prediction_activation)
        return binary_cross_entropy(softseg.clamp(NEAR_ZERO, 1 - NEAR_ZERO), target)
