"""Random intensity scaling."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw


@dataclass(frozen=True)
class Scaling:
    """Multiply the image by 1 + ``change``.

    Training standardises every patch afterwards, as the paper does, and so cancels it exactly: kept because
    it is on the paper's list, and cheap.
    """

    probability: float
    change: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("change", self.change, -0.99)

    def draw(self, rng: np.random.Generator) -> float | None:
        """Draw the change; None where the image is left as it is."""
        return draw(rng, self.change) if rng.random() < self.probability else None

    def apply(self, image: Tensor, change: float) -> Tensor:
        """Return the scaled image."""
        return image * (1 + change)
