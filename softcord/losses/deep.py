"""Deep supervision: one loss at every resolution of the decoder."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn
from torch.nn.functional import interpolate


class DeepSupervisionLoss(nn.Module):
    """Weighted sum of a loss over the outputs of a network, finest first.

    Args:
        base: loss of one output against a target of its size.
        decay: weight of an output relative to that of the next finer one. Paper's code: 0.5.
        normalise: divide by the sum of the ``weights``, so that the loss keeps its scale whatever the number
            of outputs, or by their ``count`` as the paper's code does.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.
    """

    def __init__(
        self, base: nn.Module, decay: float = 0.5, normalise: Literal["weights", "count"] = "weights"
    ) -> None:
        super().__init__()
        if not 0 <= decay <= 1:
            raise ValueError(f"decay: must be in [0, 1], got {decay}")
        if normalise not in ("weights", "count"):
            raise ValueError(f"normalise: must be weights or count, got {normalise}")
        self.base = base
        self.decay = decay
        self.normalise = normalise

    def forward(self, outputs: Sequence[Tensor], target: Tensor) -> Tensor:
        """Return the loss of ``outputs`` against ``target``, brought to each one's size.

        ``target`` has the shape (batch, channel, R-L, A-P, S-I) of the first output. It is reduced by
        trilinear interpolation, so that coarse targets are soft even where the mask is hard.
        """
        weights = [self.decay**level for level in range(len(outputs))]
        losses: list[Tensor] = [self.base(output, _resized(target, output)) for output in outputs]
        total = losses[0] * weights[0]
        for loss, weight in zip(losses[1:], weights[1:], strict=True):
            total = total + loss * weight
        return total / (sum(weights) if self.normalise == "weights" else len(weights))


def _resized(target: Tensor, output: Tensor) -> Tensor:
    size = output.shape[2:]
    if target.shape[2:] == size:
        return target
    return interpolate(target.float(), size=size, mode="trilinear", align_corners=False)
