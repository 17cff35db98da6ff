"""Random perturbation of the intensities: scaled and shifted at once."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw


@dataclass(frozen=True)
class PerturbationParams:
    """What was drawn."""

    change: float
    shift: float


@dataclass(frozen=True)
class Perturbation:
    """Multiply the image by 1 + ``change`` and add ``shift``; standardising cancels it, as brightness."""

    probability: float
    change: Range
    shift: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("change", self.change, -0.99)
        check_range("shift", self.shift)

    def draw(self, rng: np.random.Generator) -> PerturbationParams | None:
        """Draw change and shift; None where the image is left as it is."""
        if rng.random() >= self.probability:
            return None
        return PerturbationParams(draw(rng, self.change), draw(rng, self.shift))

    def apply(self, image: Tensor, params: PerturbationParams) -> Tensor:
        """Return the perturbed image."""
        return image * (1 + params.change) + params.shift
