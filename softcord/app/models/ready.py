"""Put a model where it computes, in the precision that is asked for."""

from typing import Literal

import torch

from softcord.errors import UsageError
from softcord.predict.infer import Apply
from softcord.predict.package import Model
from softcord.train.device import resolve_precision, training_device
from softcord.train.settings import MachineSettings

Precision = Literal["auto", "float32", "bfloat16"]


def make_ready(model: Model, device: str, precision: Precision, *, mirror: bool = False) -> Apply:
    """Move the net of a model to a device and say how it is applied there.

    Raises:
        UsageError: the device is not there.
    """
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("-device", "cuda is not available on this machine", "Leave it out, or use cpu")
    machine = MachineSettings("cpu" if device == "cpu" else "auto", precision)
    model.net.to(training_device(machine))
    return Apply(bfloat16=resolve_precision(machine) == "bf16-mixed", mirror=mirror)
