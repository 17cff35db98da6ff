"""Adaptive wing loss: segmentation as the regression of a soft mask."""

from typing import Literal

import torch
from torch import Tensor, nn

from softcord.nets.activation import Activation
from softcord.nets.norm_relu import norm_relu


class AdaptiveWingLoss(nn.Module):
    """Adaptive wing loss: steep near the target, straight beyond ``theta``.

    Args:
        omega: height of the curved part.
        epsilon: curvature; the smaller, the steeper the loss near the target.
        theta: error at which the curve becomes a straight line.
        alpha: exponent on background; ``alpha - 1`` on the cord. From 2 on, the gradient stays finite at 0.
        reduction: ``mean`` over voxels, or their ``sum`` as in the paper's code. Adam hides the scale, but
            under deep supervision a sum gives coarse outputs next to no weight, as they have few voxels.
        activation: ``none`` regresses the mask with the raw output (the paper's code), ``normrelu`` puts
            NormReLU between network and loss (the paper's text).
        prediction_activation: what gives the soft mask at prediction. By default what training implies:
            ``clip`` after ``none``, ``normrelu`` after ``normrelu``. The paper's code mixes: ``none``, then
            ``normrelu``.

    Raises:
        ValueError: an argument is out of range; the message starts with its name.

    Source: Wang et al. 2019, section 4.2; paper, equation 2 and its values.

    >>> import softcord, torch
    >>> loss = softcord.AdaptiveWingLoss(omega=8, epsilon=1)
    >>> target_softseg = torch.tensor([[[0.0, 0.4, 1.0]]])
    >>> loss(target_softseg, target_softseg).item(), loss(target_softseg + 0.1, target_softseg).item() > 0
    (0.0, True)
    """

    def __init__(
        self,
        omega: float = 8.0,
        epsilon: float = 1.0,
        theta: float = 0.5,
        alpha: float = 2.1,
        reduction: Literal["mean", "sum"] = "mean",
        activation: Literal["none", "normrelu"] = "none",
        prediction_activation: Activation | None = None,
    ) -> None:
        super().__init__()
        for name, value in (("omega", omega), ("epsilon", epsilon), ("theta", theta)):
            if not value > 0:
                raise ValueError(f"{name}: must be > 0, got {value}")
        if not alpha >= 2:
            raise ValueError(f"alpha: must be >= 2, got {alpha}")
        if reduction not in ("mean", "sum"):
            raise ValueError(f"reduction: must be mean or sum, got {reduction}")
        if activation not in ("none", "normrelu"):
            raise ValueError(f"activation: must be none or normrelu, got {activation}")
        self.omega, self.epsilon, self.theta, self.alpha = omega, epsilon, theta, alpha
        self.reduction = reduction
        self.activation = activation
        implied: Activation = "normrelu" if activation == "normrelu" else "clip"
        self.prediction_activation: Activation = prediction_activation or implied

    def forward(self, output: Tensor, target: Tensor) -> Tensor:
        """Return the loss, at least 0, of raw ``output`` against ``target`` in [0, 1], same shapes."""
        output, target = output.float(), target.float()
        if self.activation == "normrelu":
            output = norm_relu(output)
        error = (target - output).abs()
        exponent = self.alpha - target
        # The straight part continues the curve with its value and slope at theta: curve(theta) +
        # slope * (error - theta) is the A * error - C of the publication. Clamping the error instead of
        # choosing between two results keeps gradients finite for any output.
        curve = self.omega * torch.log1p((error.clamp(max=self.theta) / self.epsilon) ** exponent)
        loss = curve + self._slope(exponent) * torch.relu(error - self.theta)
        return loss.mean() if self.reduction == "mean" else loss.sum()

    def _slope(self, exponent: Tensor) -> Tensor:
        ratio = self.theta / self.epsilon
        return (self.omega / self.epsilon) * exponent * ratio ** (exponent - 1) / (1 + ratio**exponent)
