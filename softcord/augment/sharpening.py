"""Random sharpening: an unsharp mask."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw
from softcord.augment.separable import along_axes, gaussian_weights


@dataclass(frozen=True)
class SharpeningParams:
    """What was drawn."""

    amount: float
    fine_sigma_voxels: float


@dataclass(frozen=True)
class Sharpening:
    """Add ``amount`` times what a Gaussian takes away from the image, after a first, fine smoothing.

    ``fine_sigma_voxels`` is the standard deviation of the first Gaussian, which keeps noise from growing, and
    ``coarse_sigma_voxels`` that of the second. Zhang et al. 2020 give amounts of 10 to 30; their Gaussians
    are those that MONAI, written by the same group, takes by default.
    """

    probability: float
    amount: Range
    fine_sigma_voxels: Range = (0.5, 1.0)
    coarse_sigma_voxels: float = 0.5

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("amount", self.amount, 0)
        check_range("fine_sigma_voxels", self.fine_sigma_voxels, 0)
        if not self.coarse_sigma_voxels > 0:
            raise ValueError(f"coarse_sigma_voxels: must be > 0, got {self.coarse_sigma_voxels}")

    def draw(self, rng: np.random.Generator) -> SharpeningParams | None:
        """Draw amount and smoothing; None where the image is left as it is."""
        if rng.random() >= self.probability:
            return None
        return SharpeningParams(draw(rng, self.amount), draw(rng, self.fine_sigma_voxels))

    def apply(self, image: Tensor, params: SharpeningParams) -> Tensor:
        """Return the sharpened image."""
        fine = _smooth(image, params.fine_sigma_voxels)
        return fine + params.amount * (fine - _smooth(fine, self.coarse_sigma_voxels))


def _smooth(image: Tensor, sigma_voxels: float) -> Tensor:
    return along_axes(image, [gaussian_weights(n, sigma_voxels) for n in image.shape])
