"""How much memory a training will take, from the shapes of its tensors alone, before any of it is taken."""

import os

import torch
from torch import nn

from softcord.compat.torch import storage_address
from softcord.data.resample import Shape

# Program and libraries: what a training of next to nothing takes on a processor.
PROGRAM_BYTES = 0.75e9
# Weights, their gradients and Adam's two moments, in float32.
BYTES_PER_WEIGHT = 16
# Beside what is kept: gradients on their way back and, on a processor, copies in the layout that convolutions
# want. Measured, docs/performance.md.
ON_TOP = 1.8
ON_TOP_GPU = 1.4


def training_bytes(
    net: nn.Module, patch: Shape, batch_size: int, *, bytes_per_value: int = 4, on_gpu: bool = False
) -> float:
    """Estimate the peak memory of training ``net`` on batches of ``patch`` voxels (R-L, A-P, S-I).

    ``on_gpu`` is of the memory of a GPU, which holds no program.

    What takes the memory is what the forward pass keeps for the backward pass; it is counted by a forward
    pass on torch's meta device, where tensors have shapes and no content. ``bytes_per_value`` is 2 in
    bfloat16 or float16. ``net`` must lie on the meta device.
    """
    kept: dict[int, torch.Tensor] = {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        kept[storage_address(tensor)] = tensor
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        net.train()(torch.empty(1, 1, *patch, device="meta"))
    weights = sum(value.numel() for value in net.parameters())
    values = sum(tensor.numel() for tensor in kept.values() if tensor.is_floating_point()) - weights
    program, on_top = (0.0, ON_TOP_GPU) if on_gpu else (PROGRAM_BYTES, ON_TOP)
    return program + BYTES_PER_WEIGHT * weights + on_top * bytes_per_value * batch_size * values


def machine_bytes(device: torch.device | None = None) -> float:
    """Memory of a GPU, or of the machine."""
    if device is not None and device.type == "cuda":
        return float(torch.cuda.mem_get_info(device)[1])
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
