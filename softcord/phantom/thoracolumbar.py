"""The lower spine as formulas: thoracic cord, lumbar enlargement and conus; origin: disc T11/T12."""

from dataclasses import dataclass
from functools import cached_property
from math import tau
from typing import ClassVar

import numpy as np

from softcord.phantom.anatomy import Anatomy, Array, Centreline, smooth_step

# Distance from each disc label to the next one below: T9, T10, ..., L3 are vertebrae 16, 17, ..., 22.
_TOP_LABEL = 16
_LEVEL_HEIGHT_MM = (24.0, 25.0, 26.0, 28.0, 31.0, 33.0, 34.0)
_ORIGIN_LABEL = 19


@dataclass(frozen=True)
class Thoracolumbar(Anatomy):
    """What is true of one participant's lower spine; fields as of :class:`Anatomy`.

    ``conus_mm`` is the height of the cord's tip, at L1-L2 in most adults.
    """

    REFERENCE_DISCS: ClassVar[tuple[int, int]] = (18, 20)
    LEVELS: ClassVar[tuple[int, ...]] = (16, 17, 18, 19, 20)
    PATHOLOGY_SPAN_MM: ClassVar[tuple[float, float]] = (-22.0, 34.0)

    conus_mm: float

    @cached_property
    def disc_s_mm(self) -> dict[int, float]:
        """Height on the centreline of each disc label, from 16 (above T9) downwards."""
        heights = np.array(_LEVEL_HEIGHT_MM) * self.height_scale
        below_top = np.concatenate([[0.0], np.cumsum(heights)])
        s = below_top[_ORIGIN_LABEL - _TOP_LABEL] - below_top
        return {label: float(value) for label, value in enumerate(s, start=_TOP_LABEL)}

    @property
    def cord_top_mm(self) -> float:
        """Height at which the cord ends above: beyond every view."""
        return np.inf

    @property
    def bodies_top_mm(self) -> float:
        """Height at which the vertebral bodies end: beyond every view."""
        return np.inf

    @property
    def cord_bottom_mm(self) -> float:
        """Height of the tip of the conus."""
        return self.conus_mm

    @property
    def slope(self) -> float:
        """How far the cord's border moves per mm along its axis: steepest at the tip."""
        return 1.2

    def sac_margin_rl_at(self, s: Array) -> Array | float:
        """Room between the cord and the dura at its sides, mm: the sac does not narrow with the conus."""
        a, _ = self.semi_axes_mm(s)
        return self.sac_margin_rl_mm + a * (1 / np.sqrt(self._conus(s)) - 1)

    def sac_margin_ap_at(self, s: Array) -> Array | float:
        """Room between the cord and the dura in front and behind, mm; less where it is squeezed."""
        _, b = self.semi_axes_mm(s)
        return super().sac_margin_ap_at(s) + b * (1 / np.sqrt(self._conus(s)) - 1)

    def _relative_csa(self, s: Array) -> Array:
        return (1 + self.enlargement * self._enlargement_bump(s)) * self._conus(s)

    def _conus(self, s: Array) -> Array:
        # It narrows over 35 mm to a blunt tip.
        share: Array = 0.06 + 0.94 * smooth_step((s - self.conus_mm) / 35)
        return share

    def _enlargement_bump(self, s: Array) -> Array:
        # The lumbar enlargement: widest above the disc T11/T12.
        bump: Array = np.exp(-(((s - 8 * self.height_scale) / 26) ** 2))
        return bump


def draw_thoracolumbar(rng: np.random.Generator, csa_mean_mm2: float, csa_sd_mm2: float) -> Thoracolumbar:
    """Draw one participant; every distribution is a plausible adult range, cut at 2.5 standard deviations."""

    def normal(mean: float, sd: float) -> float:
        return mean + sd * float(np.clip(rng.standard_normal(), -2.5, 2.5))

    period = normal(420.0, 30.0)
    centreline = Centreline(
        tilt=normal(0.0, 0.05),
        # A straight stretch between thoracic kyphosis and lumbar lordosis.
        lordosis_mm=normal(6.0, 3.0),
        lordosis_period_mm=period,
        apex_mm=normal(-60.0, 10.0),
        lateral_mm=normal(0.0, 0.8),
        lateral_period_mm=normal(200.0, 20.0),
        lateral_phase=float(rng.uniform(0, tau)),
    )
    return Thoracolumbar(
        centreline=centreline,
        csa_reference_mm2=normal(csa_mean_mm2, csa_sd_mm2),
        aspect=normal(1.12, 0.04),
        enlargement=normal(0.25, 0.05),
        height_scale=normal(1.0, 0.035),
        sac_margin_rl_mm=normal(3.6, 0.5),
        sac_margin_ap_mm=normal(2.9, 0.4),
        sac_shift_mm=normal(0.6, 0.4),
        body_depth_mm=normal(29.0, 2.0),
        body_width_mm=normal(19.0, 1.5),
        fat_mm=normal(14.0, 5.0),
        airway_mm=0.0,
        conus_mm=normal(-45.0, 7.0),
    )
