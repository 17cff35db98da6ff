"""Random bias field: smooth shading across the image."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.polynomial.legendre import legvander
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range


@dataclass(frozen=True)
class BiasField:
    """Multiply the image by the exponential of a random polynomial.

    The polynomial is a sum of products of Legendre polynomials along the axes, up to ``degree`` in all, with
    a coefficient drawn for each. Black must be 0 in the image.
    """

    probability: float
    coefficients: Range
    degree: int = 3

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("coefficients", self.coefficients)
        if self.degree < 1:
            raise ValueError(f"degree: must be at least 1, got {self.degree}")

    def draw(self, rng: np.random.Generator) -> tuple[float, ...] | None:
        """Draw the coefficients; None where the image is left as it is."""
        if rng.random() >= self.probability:
            return None
        return tuple(rng.uniform(*self.coefficients, len(self._powers()[0])).tolist())

    def apply(self, image: Tensor, coefficients: tuple[float, ...]) -> Tensor:
        """Return the shaded image."""
        cube = torch.zeros((self.degree + 1,) * 3)
        cube[self._powers()] = torch.tensor(coefficients)
        x, y, z = (
            torch.from_numpy(legvander(np.linspace(-1, 1, n), self.degree)).float() for n in image.shape
        )
        factors = (factor.to(image.device) for factor in (cube, x, y, z))
        return image * torch.einsum("abc,xa,yb,zc->xyz", *factors).exp()

    def _powers(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return the degrees along each axis of every term."""
        total = torch.arange(self.degree + 1)
        allowed = total[:, None, None] + total[:, None] + total <= self.degree
        x, y, z = allowed.nonzero(as_tuple=True)
        return x, y, z
