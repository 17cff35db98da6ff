"""A chain of random transforms; without other choices the paper's, in the paper's order (section 2.3.2)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from torch import Tensor

from softcord.augment.affine import Affine, AffineParams, sampling_matrix
from softcord.augment.bias_field import BiasField
from softcord.augment.brightness import Brightness
from softcord.augment.elastic import Elastic, ElasticParams, displacement
from softcord.augment.flip import Axes, Flip
from softcord.augment.gamma import Gamma
from softcord.augment.links import check_link, draw_seeds, run_link
from softcord.augment.low_resolution import LowResolution
from softcord.augment.mixture import Mixture, MixtureParams
from softcord.augment.noise import Noise, NoiseParams
from softcord.augment.own_transform import IntensityTransform
from softcord.augment.perturbation import Perturbation, PerturbationParams
from softcord.augment.ranges import Shape
from softcord.augment.scaling import Scaling
from softcord.augment.sharpening import Sharpening, SharpeningParams
from softcord.augment.smoothing import Smoothing
from softcord.augment.warp import warp

PerAxis = tuple[float, float, float]
_PAPER_ORDER = ("low_resolution", "gamma", "bias_field", "noise", "smoothing", "scaling")
_INTENSITY = (*_PAPER_ORDER, "sharpening", "brightness", "perturbation")


@dataclass(frozen=True)
class Drawn:
    """What was drawn for one sample; None where a transform is left out."""

    affine: AffineParams | None = None
    elastic: ElasticParams | None = None
    low_resolution: PerAxis | None = None
    gamma: float | None = None
    bias_field: tuple[float, ...] | None = None
    noise: NoiseParams | None = None
    smoothing: PerAxis | None = None
    scaling: float | None = None
    flip: Axes | None = None
    sharpening: SharpeningParams | None = None
    brightness: float | None = None
    perturbation: PerturbationParams | None = None
    mixture: MixtureParams | None = None
    own: Any = None
    links: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Augment:
    """Random transforms; None leaves one out for good.

    First the geometric ones, all in one interpolation, then those of the image's intensities in ``order``,
    then one of somebody's ``own``, then MONAI's dictionary transforms (``links``, by a name each), which see
    the image as ``image`` and the soft mask as ``softseg``, then mirroring. With a ``mixture``, what comes in
    is a label map, and an image is drawn from it between the geometric ones and the rest.

    Ours rather than MONAI's: affine and elastic share one interpolation, every parameter is a range that
    means what it says, and all randomness comes from one generator (MONAI reads a pair of rotations as two
    axes, and keeps generators of its own in every transform). ``benchmarks/bench_training.py`` measures the
    two side by side.

    >>> import numpy as np, softcord, torch
    >>> from softcord.augment.flip import Flip
    >>> from softcord.augment.gamma import Gamma
    >>> augment = softcord.Augment(gamma=Gamma(probability=1, exponent=(0.5, 2.0)), flip=Flip(probability=1))
    >>> image, softseg = torch.rand(16, 16, 8), torch.rand(16, 16, 8)
    >>> drawn = augment.draw(np.random.default_rng(1), (16, 16, 8))
    >>> new_image, new_softseg = augment.apply(image, softseg, drawn)
    >>> drawn.flip, bool((new_softseg == softseg.flip(0, 1, 2)).all())
    ((0, 1, 2), True)
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
    sharpening: Sharpening | None = None
    brightness: Brightness | None = None
    perturbation: Perturbation | None = None
    mixture: Mixture | None = None
    own: IntensityTransform | None = None
    order: tuple[str, ...] = _PAPER_ORDER
    links: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse an order that does not name each transform of intensities, and links that harm the mask."""
        for name in self.order:
            if name not in _INTENSITY:
                raise ValueError(f"order: must be among {', '.join(_INTENSITY)}, got {name}")
        for name in _INTENSITY:
            if getattr(self, name) is not None and self.order.count(name) != 1:
                raise ValueError(f"order: must name {name} once, since it is not null")
        for name, transform in self.links.items():
            check_link(name, transform)

    @property
    def needs_label_maps(self) -> bool:
        """Whether it draws images from label maps, and so takes label maps instead of images."""
        return self.mixture is not None

    def draw(self, rng: np.random.Generator, shape: Shape) -> Drawn:
        """Draw the parameters of every transform for a patch of ``shape``."""
        drawn: dict[str, Any] = {}
        for name in (one.name for one in fields(Drawn) if one.name != "links"):
            transform = getattr(self, name)
            if transform is not None:
                drawn[name] = transform.draw(rng, shape) if name == "affine" else transform.draw(rng)
        return Drawn(**drawn, links=draw_seeds(self.links, rng))

    def apply(self, image: Tensor, softseg: Tensor, drawn: Drawn) -> tuple[Tensor, Tensor]:
        """Return image and soft mask after the transforms that were drawn.

        Both are float32 of shape (R-L, A-P, S-I) on one device, where all is computed; the image's black is
        0, the mask is and stays in [0, 1].
        """
        matrix = sampling_matrix(drawn.affine) if drawn.affine else None
        shifts = displacement(drawn.elastic, image.shape, image.device) if drawn.elastic else None
        image, softseg = warp(image, softseg, matrix, shifts, nearest=self.needs_label_maps)
        if self.mixture and drawn.mixture is not None:
            image = self.mixture.apply(image, drawn.mixture)
        for name in self.order:
            params = getattr(drawn, name)
            if params is not None:
                image = getattr(self, name).apply(image, params)
        if self.own and drawn.own is not None:
            image = self.own.apply(image, drawn.own)
        for transform, seed in zip(self.links.values(), drawn.links or (), strict=True):
            image, softseg = run_link(transform, seed, image, softseg)
        if self.flip and drawn.flip is not None:
            image, softseg = self.flip.apply(image, softseg, drawn.flip)
        return image, softseg
