"""The paper's random transforms, in the paper's order (section 2.3.2)."""

from dataclasses import dataclass

import numpy as np
from torch import Tensor

from softcord.augment.affine import Affine, AffineParams, sampling_matrix
from softcord.augment.bias_field import BiasField
from softcord.augment.elastic import Elastic, ElasticParams, displacement
from softcord.augment.flip import Axes, Flip
from softcord.augment.gamma import Gamma
from softcord.augment.low_resolution import LowResolution
from softcord.augment.noise import Noise, NoiseParams
from softcord.augment.ranges import Shape
from softcord.augment.scaling import Scaling
from softcord.augment.smoothing import Smoothing
from softcord.augment.warp import warp


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one sample; None where a transform is left out."""

    affine: AffineParams | None = None
    elastic: ElasticParams | None = None
    low_resolution: float | None = None
    gamma: float | None = None
    bias_field: tuple[float, ...] | None = None
    noise: NoiseParams | None = None
    smoothing: tuple[float, float, float] | None = None
    scaling: float | None = None
    flip: Axes | None = None


@dataclass(frozen=True)
class Augment:
    """Random transforms in their order of application; None leaves one out for good.

    Ours rather than MONAI's: affine and elastic share one interpolation, every parameter is a range that
    means what it says, and all randomness comes from one generator (MONAI reads a pair of rotations as two
    axes, and keeps generators of its own in every transform). ``benchmarks/bench_training.py`` measures the
    two side by side.
    """

    affine: Affine | None = None
    elastic: Elastic | None = None
    low_resolution: LowResolution | None = None
    gamma: Gamma | None = None
    bias_field: BiasField | None = None
    noise: Noise | None = None
    smoothing: Smoothing | None = None
    scaling: Scaling | None = None
    flip: Flip | None = None

    def draw(self, rng: np.random.Generator, shape: Shape) -> Drawn:
        """Draw the parameters of every transform for a patch of ``shape``."""
        return Drawn(
            affine=self.affine.draw(rng, shape) if self.affine else None,
            elastic=self.elastic.draw(rng) if self.elastic else None,
            low_resolution=self.low_resolution.draw(rng) if self.low_resolution else None,
            gamma=self.gamma.draw(rng) if self.gamma else None,
            bias_field=self.bias_field.draw(rng) if self.bias_field else None,
            noise=self.noise.draw(rng) if self.noise else None,
            smoothing=self.smoothing.draw(rng) if self.smoothing else None,
            scaling=self.scaling.draw(rng) if self.scaling else None,
            flip=self.flip.draw(rng) if self.flip else None,
        )

    def apply(self, image: Tensor, softseg: Tensor, drawn: Drawn) -> tuple[Tensor, Tensor]:
        """Return image and soft mask after the transforms that were drawn.

        Both are float32 of shape (R-L, A-P, S-I); the image's black is 0, the mask is and stays in [0, 1].
        """
        matrix = sampling_matrix(drawn.affine) if drawn.affine else None
        shifts = displacement(drawn.elastic, image.shape) if drawn.elastic else None
        image, softseg = warp(image, softseg, matrix, shifts)
        image = self._change_intensity(image, drawn)
        if self.flip and drawn.flip is not None:
            image, softseg = self.flip.apply(image, softseg, drawn.flip)
        return image, softseg

    def _change_intensity(self, image: Tensor, drawn: Drawn) -> Tensor:
        if self.low_resolution and drawn.low_resolution is not None:
            image = self.low_resolution.apply(image, drawn.low_resolution)
        if self.gamma and drawn.gamma is not None:
            image = self.gamma.apply(image, drawn.gamma)
        if self.bias_field and drawn.bias_field is not None:
            image = self.bias_field.apply(image, drawn.bias_field)
        if self.noise and drawn.noise is not None:
            image = self.noise.apply(image, drawn.noise)
        if self.smoothing and drawn.smoothing is not None:
            image = self.smoothing.apply(image, drawn.smoothing)
        if self.scaling and drawn.scaling is not None:
            image = self.scaling.apply(image, drawn.scaling)
        return image
