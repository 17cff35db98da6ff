"""Normalised ReLU, the SoftSeg output activation."""

import torch
from torch import Tensor


def norm_relu(raw: Tensor, floor: float = 0.0) -> Tensor:
    """Divide the positive part of each sample by that sample's maximum: values in [0, 1].

    Args:
        raw: network output, shape (batch, channel, ...).
        floor: smallest divisor. Above 0 it keeps the faint noise of an image without cord from being
            blown up to 1.

    A sample without a positive value becomes 0 (and passes no gradient). The maximum is taken per sample:
    the paper's code takes it over the whole batch, so that one image's mask depends on its neighbours'.

    Source: Gros et al. 2021 (SoftSeg); paper, equation 1.
    """
    positive = torch.relu(raw.float())
    maximum = positive.amax(dim=tuple(range(1, positive.ndim)), keepdim=True)
    divisor = maximum.clamp(min=floor) if floor > 0 else torch.where(maximum > 0, maximum, 1.0)
    return positive / divisor
