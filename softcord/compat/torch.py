"""Of torch: which tensors share memory, and whether the processor computes in bfloat16."""

import torch


def storage_address(tensor: torch.Tensor) -> int:
    """Return a number that tensors of one storage share; unlike ``data_ptr`` on the meta device, too."""
    return int(tensor.untyped_storage()._cdata)


def computes_in_bfloat16() -> bool:
    """Whether the processor has instructions for bfloat16, so that it is faster than float32."""
    return bool(torch.cpu._is_avx512_bf16_supported())
