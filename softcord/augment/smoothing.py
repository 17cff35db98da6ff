"""Random Gaussian smoothing."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw_per_axis
from softcord.augment.separable import along_axes, gaussian_weights


@dataclass(frozen=True)
class Smoothing:
    """Smooth the image by a Gaussian with a standard deviation drawn for each axis."""

    probability: float
    sigma_voxels: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("sigma_voxels", self.sigma_voxels, 0)

    def draw(self, rng: np.random.Generator) -> tuple[float, float, float] | None:
        """Draw the standard deviations; None where the image is left as it is."""
        return draw_per_axis(rng, self.sigma_voxels) if rng.random() < self.probability else None

    def apply(self, image: Tensor, sigma_voxels: tuple[float, float, float]) -> Tensor:
        """Return the smoothed image."""
        weights = [gaussian_weights(n, s) for n, s in zip(image.shape, sigma_voxels, strict=True)]
        return along_axes(image, weights)
