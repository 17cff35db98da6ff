"""Simulated low resolution."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import Tensor

from softcord.augment.ranges import Range, check_probability, check_range, draw
from softcord.augment.separable import Float32, along_axes
from softcord.data.resample import axis_weights


@dataclass(frozen=True)
class LowResolution:
    """Resample the image to fewer voxels and back.

    ``zoom`` is the factor on the number of voxels along every axis. Voxels are merged by their ``mean``, as a
    scanner's larger voxels would; ``nearest`` takes single voxels like the paper's code, which also shifts
    the image against its mask by up to half a voxel.
    """

    probability: float
    zoom: Range
    downsampling: Literal["mean", "nearest"] = "mean"

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("zoom", self.zoom, 0.05, 1)
        if self.downsampling not in ("mean", "nearest"):
            raise ValueError(f"downsampling: must be mean or nearest, got {self.downsampling}")

    def draw(self, rng: np.random.Generator) -> float | None:
        """Draw the zoom; None where the image is left as it is."""
        return draw(rng, self.zoom) if rng.random() < self.probability else None

    def apply(self, image: Tensor, zoom: float) -> Tensor:
        """Return the image at the drawn resolution, in its own shape."""
        return along_axes(image, [self._weights(n, max(1, round(n * zoom))) for n in image.shape])

    def _weights(self, n: int, reduced: int) -> Float32:
        spacing = n / reduced
        enlarge = axis_weights(reduced, spacing, n, 1.0)
        reduce = axis_weights(n, 1.0, reduced, spacing)
        if self.downsampling == "nearest":
            reduce = np.eye(n, dtype=np.float32)[(np.arange(reduced) * spacing).astype(int)]
        weights: Float32 = enlarge @ reduce
        return weights
