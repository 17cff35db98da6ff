"""What is wrong with a patient's cord, as formulas: where it is squeezed and where lesions lie in it.

Compressions change the cord's true border and area, lesions only its signal: the truth stays exact.
"""

from dataclasses import dataclass
from math import cos, sin, tau

import numpy as np
import numpy.typing as npt

from softcord.phantom.settings import PathologySettings

Array = npt.NDArray[np.floating]


@dataclass(frozen=True)
class Compression:
    """A place where the cord is squeezed from front to back.

    ``area_loss`` is the share of the area lost at height ``s_mm``; it fades as a Gaussian of standard
    deviation ``width_mm`` along the cord.
    """

    s_mm: float
    width_mm: float
    area_loss: float


@dataclass(frozen=True)
class Lesion:
    """An ellipsoid in the cord; ``u`` and ``v`` (to the right, forward) and ``radius`` in semi-axes.

    ``signal`` is relative to the white matter's.
    """

    s_mm: float
    half_length_mm: float
    u: float
    v: float
    radius: float
    signal: float

    def share(self, u: Array, v: Array, s: Array) -> Array:
        """How much of the tissue at (u, v) semi-axes and height ``s`` is lesion, 0..1; its edge is fuzzy."""
        across = ((u - self.u) ** 2 + (v - self.v) ** 2) / self.radius**2
        distance = np.sqrt(across + ((s - self.s_mm) / self.half_length_mm) ** 2)
        share: Array = np.clip(0.5 + (1 - distance) / 0.3, 0, 1)
        return share


@dataclass(frozen=True)
class Pathology:
    """A patient's compressions and lesions; none for a healthy person."""

    compressions: tuple[Compression, ...] = ()
    lesions: tuple[Lesion, ...] = ()

    def remaining_area(self, s: Array) -> Array:
        """Share of the healthy area that is left at height ``s``."""
        left = np.ones_like(s)
        for one in self.compressions:
            left = left * (1 - one.area_loss * np.exp(-0.5 * ((s - one.s_mm) / one.width_mm) ** 2))
        return left


HEALTHY = Pathology()


def draw_pathology(
    rng: np.random.Generator, settings: PathologySettings | None, span_mm: tuple[float, float]
) -> Pathology:
    """Draw one participant's pathology at heights within ``span_mm``; nothing for who is not a patient."""
    if settings is None or rng.random() >= settings.patients:
        return HEALTHY
    compressions = tuple(
        Compression(
            s_mm=float(rng.uniform(*span_mm)),
            width_mm=float(rng.uniform(4.0, 7.0)),
            area_loss=float(rng.uniform(*settings.area_loss)),
        )
        for _ in range(int(rng.integers(*settings.compressions, endpoint=True)))
    )
    lesions = tuple(
        _draw_lesion(rng, settings, span_mm, compressions)
        for _ in range(int(rng.integers(*settings.lesions, endpoint=True)))
    )
    return Pathology(compressions, lesions)


def _draw_lesion(
    rng: np.random.Generator,
    settings: PathologySettings,
    span_mm: tuple[float, float],
    compressions: tuple[Compression, ...],
) -> Lesion:
    # A squeezed cord is oedematous where it is squeezed; other lesions lie anywhere, mostly off the middle.
    s_mm = float(rng.uniform(*span_mm))
    if compressions:
        s_mm = compressions[int(rng.integers(len(compressions)))].s_mm + float(rng.normal(0, 3.0))
    radius, angle = float(rng.uniform(*settings.lesion_radius)), float(rng.uniform(0, tau))
    off_middle = (1 - radius) * float(np.sqrt(rng.random()))
    return Lesion(
        s_mm=s_mm,
        half_length_mm=0.5 * float(rng.uniform(*settings.lesion_length_mm)),
        u=off_middle * cos(angle),
        v=off_middle * sin(angle),
        radius=radius,
        signal=settings.lesion_signal * float(np.exp(0.08 * rng.standard_normal())),
    )
