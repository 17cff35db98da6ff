"""From raw network output to a soft mask: the one place that knows the activations by name."""

from typing import Literal

from torch import Tensor

from softcord.nets.norm_relu import norm_relu

Activation = Literal["clip", "normrelu", "sigmoid"]


def activate(raw: Tensor, activation: Activation) -> Tensor:
    """Return a float32 soft mask in [0, 1].

    ``raw`` has shape (batch, channel, ...). ``clip`` is for a network that regresses the mask itself,
    ``sigmoid`` for one that gives logits, ``normrelu`` as in :func:`softcord.nets.norm_relu.norm_relu`.
    """
    if activation == "clip":
        return raw.float().clamp(0.0, 1.0)
    if activation == "normrelu":
        return norm_relu(raw)
    if activation == "sigmoid":
        return raw.float().sigmoid()
    raise ValueError(f"activation: must be clip, normrelu or sigmoid, got {activation}")
