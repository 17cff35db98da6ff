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

    ``zoom`` is the factor on the number of voxels, along every axis or, with ``axes`` "one", along one drawn
    at random, as in images of thick slices. Voxels are merged by their ``mean``, as a scanner's larger voxels
    would; ``nearest`` takes single voxels like the paper's code, which also shifts the image against its mask
    by up to half a voxel.
    """

    probability: float
    zoom: Range
    downsampling: Literal["mean", "nearest"] = "mean"
    axes: Literal["all", "one"] = "all"

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("zoom", self.zoom, 0.05, 1)
        if self.downsampling not in ("mean", "nearest"):
            raise ValueError(f"downsampling: must be mean or nearest, got {self.downsampling}")
        if self.axes not in ("all", "one"):
            raise ValueError(f"axes: must be all or one, got {self.axes}")

    def draw(self, rng: np.random.Generator) -> tuple[float, float, float] | None:
        """Draw the zoom along each axis; None where the image is left as it is."""
        if rng.random() >= self.probability:
            return None
        zoom = draw(rng, self.zoom)
        if self.axes == "all":
            return zoom, zoom, zoom
        thick = int(rng.integers(3))
        x, y, z = (zoom if axis == thick else 1.0 for axis in range(3))
        return x, y, z

    def apply(self, image: Tensor, zoom: tuple[float, float, float]) -> Tensor:
        """Return the image at the drawn resolution, in its own shape."""
        reduced = (max(1, round(n * z)) for n, z in zip(image.shape, zoom, strict=True))
        return along_axes(image, [self._weights(n, m) for n, m in zip(image.shape, reduced, strict=True)])

    def _weights(self, n: int, reduced: int) -> Float32:
        spacing = n / reduced
        enlarge = axis_weights(reduced, spacing, n, 1.0)
        reduce = axis_weights(n, 1.0, reduced, spacing)
        if self.downsampling == "nearest":
            reduce = np.eye(n, dtype=np.float32)[(np.arange(reduced) * spacing).astype(int)]
        weights: Float32 = enlarge @ reduce
        return weights
