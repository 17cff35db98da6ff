"""Random Gaussian noise."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw


@dataclass(frozen=True)
class NoiseParams:
    """What was drawn; the noise follows from ``noise_seed``."""

    deviation: float
    noise_seed: int


@dataclass(frozen=True)
class Noise:
    """Add Gaussian noise.

    ``deviation`` is a share of the whole image's standard deviation, which is 1 in prepared volumes.
    """

    probability: float
    deviation: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("deviation", self.deviation, 0)

    def draw(self, rng: np.random.Generator) -> NoiseParams | None:
        """Draw the noise's standard deviation and seed; None where the image is left as it is."""
        if rng.random() >= self.probability:
            return None
        return NoiseParams(draw(rng, self.deviation), int(rng.integers(2**63)))

    def apply(self, image: Tensor, params: NoiseParams) -> Tensor:
        """Return the noisy image."""
        rng = np.random.default_rng(params.noise_seed)
        noise = torch.from_numpy(rng.standard_normal(tuple(image.shape), dtype=np.float32))
        return image + params.deviation * noise.to(image.device)
