"""Random brightness: the same value added to every voxel."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw


@dataclass(frozen=True)
class Brightness:
    """Add ``shift``, a share of the whole image's standard deviation.

    Training standardises every patch afterwards and so cancels it: a net whose input is standardised is
    invariant to brightness without having to learn it.
    """

    probability: float
    shift: Range

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("shift", self.shift)

    def draw(self, rng: np.random.Generator) -> float | None:
        """Draw the shift; None where the image is left as it is."""
        return draw(rng, self.shift) if rng.random() < self.probability else None

    def apply(self, image: Tensor, shift: float) -> Tensor:
        """Return the brighter or darker image."""
        return image + shift
