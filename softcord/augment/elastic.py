"""Random smooth deformation."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw
from softcord.augment.separable import Float32, along_axes

COARSE_VOXELS = 2  # the field varies over sigma_voxels, so that every second voxel says all of it


@dataclass(frozen=True)
class ElasticParams:
    """What was drawn; the offsets follow from ``noise_seed``."""

    sigma_voxels: float
    magnitude_voxels: float
    noise_seed: int


@dataclass(frozen=True)
class Elastic:
    """Shift every voxel by smoothed noise.

    Noise uniform within ``magnitude_voxels`` is smoothed by a Gaussian of standard deviation
    ``sigma_voxels``. At the paper's values, shifts of about 0.3 voxels (standard deviation) are left.
    """

    probability: float
    sigma_voxels: Range
    magnitude_voxels: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("sigma_voxels", self.sigma_voxels, COARSE_VOXELS)
        check_range("magnitude_voxels", self.magnitude_voxels, 0)

    def draw(self, rng: np.random.Generator) -> ElasticParams | None:
        """Draw the parameters; None where the patch is left as it is."""
        if rng.random() >= self.probability:
            return None
        sigma, magnitude = draw(rng, self.sigma_voxels), draw(rng, self.magnitude_voxels)
        return ElasticParams(sigma, magnitude, int(rng.integers(2**63)))


def displacement(params: ElasticParams, shape: Sequence[int], device: torch.device | str = "cpu") -> Tensor:
    """Return the shifts in voxels, shape (3, ...) on a coarse grid whose corners are those of the patch."""
    coarse = [max(2, math.ceil((n - 1) / COARSE_VOXELS) + 1) for n in shape]
    noise = np.random.default_rng(params.noise_seed).uniform(-1, 1, (3, *coarse)).astype(np.float32)
    smoothing = [
        _weights(c, (n - 1) / (c - 1), params.sigma_voxels) for c, n in zip(coarse, shape, strict=True)
    ]
    return along_axes(torch.from_numpy(params.magnitude_voxels * noise).to(device), smoothing)


def _weights(n: int, spacing: float, sigma: float) -> Float32:
    """Smooth coarse noise to the standard deviation that noise in every voxel would have had."""
    distances = spacing * (np.arange(n)[:, None] - np.arange(n))
    kernel = np.exp(-(distances**2) / (2 * sigma**2)) / (sigma * math.sqrt(2 * math.pi))
    weights: Float32 = (math.sqrt(spacing) * kernel).astype(np.float32)
    return weights
