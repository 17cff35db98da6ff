"""Where, in which precision and layout a net computes; without Lightning, which takes seconds to import."""

from dataclasses import replace
from typing import Any

import torch

from softcord.train.fastest import fastest
from softcord.train.settings import MachineSettings, Precision

_LIGHTNING = {"float32": "32-true", "bfloat16": "bf16-mixed", "float16": "16-mixed"}


def resolved(machine: MachineSettings) -> MachineSettings:
    """Return the settings with ``auto`` precision and layout decided for the device that computes.

    A processor is tried out (:mod:`softcord.train.fastest`). A GPU takes bfloat16 if it has it, else float16.
    """
    if "auto" not in (machine.precision, machine.channels_last):
        return machine
    if training_device(machine).type == "cuda":
        precision: Precision = "bfloat16" if torch.cuda.is_bf16_supported() else "float16"
        channels_last = False
    else:
        best = fastest()
        precision, channels_last = best.precision, best.channels_last
    return replace(
        machine,
        precision=precision if machine.precision == "auto" else machine.precision,
        channels_last=channels_last if machine.channels_last == "auto" else machine.channels_last,
    )


def resolve_precision(machine: MachineSettings) -> Any:
    """Return Lightning's name of the precision."""
    if machine.precision == "auto":
        machine = resolved(machine)
    return _LIGHTNING[machine.precision]


def augments_on_gpu(machine: MachineSettings) -> bool:
    """Return whether the training device, and not the processes that load data, transforms patches."""
    return machine.augment_on_gpu and training_device(machine).type == "cuda"


def training_device(machine: MachineSettings) -> torch.device:
    """Return where the trainer computes."""
    return torch.device("cuda" if machine.accelerator != "cpu" and torch.cuda.is_available() else "cpu")
