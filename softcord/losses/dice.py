"""Soft Dice loss that also holds for soft targets."""

from typing import Literal

import torch
from torch import Tensor, nn

from softcord.nets.activation import Activation, activate

Overlap = Literal["min", "product"]


class DiceLoss(nn.Module):
    """One minus the soft Dice coefficient.

    Args:
        smooth: voxels added to numerator and denominator, so that two empty masks agree. Paper's code: 1.
        overlap: how voxels of soft masks overlap. ``min`` takes the smaller of the two values, and is best
            exactly where the prediction equals the target (Wang et al. 2023, Dice semimetric losses).
            ``product`` (the paper's code) rewards predictions that are harder than a soft target. On hard
            targets the two are the same.
        activation: what turns the raw output into a soft mask, here and at prediction. ``normrelu`` in the
            paper's code.
        across_batch: sum voxels over the batch before dividing (the paper's code), else average the loss of
            each sample.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.

    >>> import softcord, torch
    >>> loss = softcord.DiceLoss(activation="clip")
    >>> target_softseg = torch.tensor([[[0.0, 0.4, 1.0]]])
    >>> loss(target_softseg, target_softseg).item(), round(loss(0 * target_softseg, target_softseg).item(), 3)
    (0.0, 0.583)
    """

    def __init__(
        self,
        smooth: float = 1.0,
        overlap: Overlap = "min",
        activation: Activation = "sigmoid",
        across_batch: bool = False,
    ) -> None:
        super().__init__()
        if not smooth > 0:
            raise ValueError(f"smooth: must be > 0, got {smooth}")
        if overlap not in ("min", "product"):
            raise ValueError(f"overlap: must be min or product, got {overlap}")
        if activation not in ("clip", "normrelu", "sigmoid"):
            raise ValueError(f"activation: must be clip, normrelu or sigmoid, got {activation}")
        self.smooth = smooth
        self.overlap = overlap
        self.across_batch = across_batch
        self.prediction_activation: Activation = activation

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss, in [0, 1], of raw ``output`` against ``target`` in [0, 1], same shapes."""
        softseg, target = activate(output, self.prediction_activation), target.float()
        shared = torch.minimum(softseg, target) if self.overlap == "min" else softseg * target
        voxels = tuple(range(0 if self.across_batch else 1, target.ndim))
        total = softseg.sum(voxels) + target.sum(voxels)
        return (1 - (2 * shared.sum(voxels) + self.smooth) / (total + self.smooth)).mean()
