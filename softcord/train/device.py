"""Where and in which precision a net computes; without Lightning, which takes seconds to import."""

from typing import Any

import torch

from softcord.compat.torch import computes_in_bfloat16
from softcord.train.settings import MachineSettings


def resolve_precision(machine: MachineSettings) -> Any:
    """Return Lightning's name of the precision; ``auto`` is bfloat16 where the processor computes in it."""
    if machine.precision != "auto":
        return {"float32": "32-true", "bfloat16": "bf16-mixed"}[machine.precision]
    if machine.accelerator != "cpu" and torch.cuda.is_available():
        return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
    return "bf16-mixed" if computes_in_bfloat16() else "32-true"


def augments_on_gpu(machine: MachineSettings) -> bool:
    """Return whether the training device, and not the processes that load data, transforms patches."""
    return machine.augment_on_gpu and training_device(machine).type == "cuda"


def training_device(machine: MachineSettings) -> torch.device:
    """Return where the trainer computes."""
    return torch.device("cuda" if machine.accelerator != "cpu" and torch.cuda.is_available() else "cpu")
