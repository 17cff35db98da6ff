"""Smoothing and resampling along each axis on its own, as three small matrix products."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Float32 = npt.NDArray[np.float32]


def along_axes(volume: Tensor, weights: Sequence[Float32]) -> Tensor:
    """Apply a matrix (out, in) along each of the last three axes of ``volume``.

    A product with a 64 x 64 matrix is several times faster on a CPU than a convolution of one channel.
    """
    first, second, third = (torch.from_numpy(matrix).to(volume.device) for matrix in weights)
    volume = torch.matmul(torch.matmul(second, volume), third.T)
    result = torch.matmul(first, volume.flatten(-2))
    return result.reshape(*result.shape[:-1], *volume.shape[-2:])


def gaussian_weights(n: int, sigma_voxels: float) -> Float32:
    """Return the matrix that smooths an axis of ``n`` voxels; rows sum to 1, at the ends too."""
    if sigma_voxels < 0.05:  # narrower than any voxel can show
        return np.eye(n, dtype=np.float32)
    distances = np.arange(n, dtype=np.float32)[:, None] - np.arange(n, dtype=np.float32)
    weights = np.exp(-(distances**2) / (2 * sigma_voxels**2))
    smoothing: Float32 = weights / weights.sum(axis=1, keepdims=True)
    return smoothing
