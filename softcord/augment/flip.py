"""Random mirroring."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.ranges import check_probability

Axes = tuple[int, ...]


@dataclass(frozen=True)
class Flip:
    """Mirror image and mask along the given ``axes`` (0 R-L, 1 A-P, 2 S-I).

    Each axis has the ``probability`` for itself, or, with ``together``, all are mirrored at once or none: the
    paper's code leaves MONAI's default, which does that.
    """

    probability: float
    axes: Axes = (0, 1, 2)
    together: bool = False

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        if not set(self.axes) <= {0, 1, 2}:
            raise ValueError(f"axes: must be among 0, 1, 2, got {self.axes}")

    def draw(self, rng: np.random.Generator) -> Axes | None:
        """Draw the axes to mirror; None where there are none."""
        drawn = rng.random(len(self.axes)) < self.probability
        if self.together:
            drawn[:] = drawn[:1]
        return tuple(axis for axis, is_drawn in zip(self.axes, drawn, strict=True) if is_drawn) or None

    def apply(self, image: Tensor, softseg: Tensor, axes: Axes) -> tuple[Tensor, Tensor]:
        """Return image and soft mask, mirrored."""
        return image.flip(axes), softseg.flip(axes)
