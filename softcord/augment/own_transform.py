"""A random transform of somebody's own: one class, drawn and applied as softcord's are."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
from torch import Tensor


class IntensityTransform(ABC):
    """Changes the intensities of an image, never its mask; ``augment.own`` is one.

    >>> import numpy as np, torch
    >>> class Dimmed(IntensityTransform):
    ...     def draw(self, rng: np.random.Generator) -> float:
    ...         return float(rng.uniform(0.5, 1))
    ...     def apply(self, image: Tensor, params: float) -> Tensor:
    ...         return image * params
    >>> dimmed = Dimmed()
    >>> bool(dimmed.apply(torch.ones(2, 2, 2), dimmed.draw(np.random.default_rng(1))).max() <= 1)
    True
    """

    @abstractmethod
    def draw(self, rng: np.random.Generator) -> Any:
        """Draw what :meth:`apply` is to do, all randomness from ``rng``; None leaves the image as it is."""

    @abstractmethod
    def apply(self, image: Tensor, params: Any) -> Tensor:
        """Return the image after what was drawn.

        It is float32 of shape (R-L, A-P, S-I), its black is 0, and it stays on its device.
        """
