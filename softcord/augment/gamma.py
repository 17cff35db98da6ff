"""Random gamma: contrast that is not linear."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw


@dataclass(frozen=True)
class Gamma:
    """Raise intensities, scaled to 0..1, to a power; 1 changes nothing, above 1 darkens."""

    probability: float
    exponent: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("exponent", self.exponent, 0.01)

    def draw(self, rng: np.random.Generator) -> float | None:
        """Draw the exponent; None where the image is left as it is."""
        return draw(rng, self.exponent) if rng.random() < self.probability else None

    def apply(self, image: Tensor, exponent: float) -> Tensor:
        """Return the image with its range kept and what lies between bent."""
        low, high = image.aminmax()
        extent = (high - low).clamp_min(1e-6)
        return ((image - low) / extent) ** exponent * extent + low
