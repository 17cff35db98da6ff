"""Dice plus a cross-entropy that is really there."""

from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from softcord.losses.dice import DiceLoss, Overlap
from softcord.nets.activation import Activation


class DiceCELoss(nn.Module):
    """Weighted sum of the soft Dice loss and the binary cross-entropy.

    The paper's code takes a softmax cross-entropy over its single channel, which is 0 whatever the output:
    its "DiceCE" is Dice alone, on NormReLU outputs (here ``ce_weight=0 activation=normrelu
    overlap=product across_batch=true``). This one is the binary cross-entropy of logits, which takes soft
    targets and is smallest where the prediction equals them.

    Args:
        dice_weight: weight of the Dice term.
        ce_weight: weight of the cross-entropy term, a mean over voxels.
        smooth: see :class:`softcord.losses.dice.DiceLoss`, as for the next three.
        overlap: ``min`` or ``product``.
        activation: ``sigmoid``, or another where ``ce_weight`` is 0.
        across_batch: sum voxels over the batch before dividing.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.
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
        if ce_weight > 0 and activation != "sigmoid":
            raise ValueError(f"activation: must be sigmoid unless ce_weight is 0, got {activation}")
        self.dice = DiceLoss(smooth, overlap, activation, across_batch)
        self.dice_weight = dice_weight
        self.ce_weight = ce_weight
        self.prediction_activation: Activation = activation

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss, at least 0, of logits ``output`` against ``target`` in [0, 1], same shapes."""
        loss: Tensor = self.dice_weight * self.dice(output, target)
        if self.ce_weight > 0:
            loss = loss + self.ce_weight * binary_cross_entropy_with_logits(output.float(), target.float())
        return loss
