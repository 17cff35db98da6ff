"""One participant's cervical spine as formulas: centreline, cord cross-section, levels and true CSA.

Millimetres; x grows to the right, y anteriorly, z superiorly; the origin is the cord's centre at the C2/C3
disc. The cord is the set of ellipses of known axes drawn in the planes perpendicular to a known centreline,
so its true area and partial volumes follow from formulas, not from an image.
"""

from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from math import inf, pi, tau
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from softcord.phantom.pathology import HEALTHY, Pathology

Array = npt.NDArray[np.floating]

# Distance from each disc label to the next one below, for an average adult. Label n is the disc above
# vertebra n; labels 1 and 2 mark the top of C1 and the dens, as in the public dataset.
_LEVEL_HEIGHT_MM = (15.0, 17.0, 17.0, 16.5, 16.5, 16.5, 17.5, 19.0, 21.0, 22.0)
_C2C3_LABEL = 3
_REACH_MM = 260.0
_STEP_MM = 0.25
_TABLE_S_MM = np.arange(-_REACH_MM, _REACH_MM, _STEP_MM)


@dataclass(frozen=True)
class Centreline:
    """A smooth curve (x(s), y(s), s): lordosis and tilt in the sagittal plane, a slight lateral bend."""

    tilt: float
    lordosis_mm: float
    lordosis_period_mm: float
    apex_mm: float
    lateral_mm: float
    lateral_period_mm: float
    lateral_phase: float

    def at(self, s: Array) -> tuple[Array, Array, Array, Array]:
        """Return x, y and the slopes dx/ds, dy/ds at height ``s``."""
        lateral, sagittal = self._lateral_wave * s + self.lateral_phase, self._wave * (s - self.apex_mm)
        x = self.lateral_mm * (np.sin(lateral) - np.sin(self.lateral_phase))
        y = self.lordosis_mm * (np.cos(sagittal) - np.cos(self._wave * self.apex_mm)) + self.tilt * s
        dx = self.lateral_mm * self._lateral_wave * np.cos(lateral)
        dy = self.tilt - self.lordosis_mm * self._wave * np.sin(sagittal)
        return x, y, dx, dy

    def near(self, s: Array) -> tuple[Array, Array, Array, Array]:
        """Return what :meth:`at` does, from a table: many times faster and exact to 0.0002 mm."""
        index, rest = _table_index(s)
        x, y, dx, dy = (column[index] for column in self._table)
        return x + rest * dx, y + rest * dy, dx, dy

    def nearest_height(self, x: Array, y: Array, z: Array) -> Array:
        """Height of the curve's point nearest to (x, y, z): one Newton step from ``z``.

        The step takes the sagittal bend into account; within the cord it is exact to 0.02 mm. The
        lower limit keeps places beyond the bend's own centre, far outside the spine, from running away.
        """
        cx, cy, dx, dy = self.near(z)
        ahead = (x - cx) * dx + (y - cy) * dy
        return z + ahead / np.maximum(1 + dx * dx + dy * dy - (y - cy) * self._bend[_table_index(z)[0]], 0.3)

    def frame(self, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        """Return (u, v, s): offset to the right and forward, perpendicular to the curve, and height on it."""
        s = self.nearest_height(x, y, z)
        cx, cy, dx, dy = self.near(s)
        right, anterior = _normals(dx, dy)
        ex, ey, ez = x - cx, y - cy, z - s
        u = ex * right[0] + ez * right[2]
        v = ex * anterior[0] + ey * anterior[1] + ez * anterior[2]
        return u, v, s

    @cached_property
    def _table(self) -> npt.NDArray[np.float32]:
        return np.array(self.at(_TABLE_S_MM), dtype=np.float32)

    @cached_property
    def _bend(self) -> npt.NDArray[np.float32]:
        return np.asarray(np.gradient(self._table[3], _STEP_MM), dtype=np.float32)

    @property
    def _wave(self) -> float:
        return tau / self.lordosis_period_mm

    @property
    def _lateral_wave(self) -> float:
        return tau / self.lateral_period_mm


@dataclass(frozen=True)
class Anatomy:
    """What is true of one participant.

    ``csa_reference_mm2`` is the mean area over the levels between the discs ``REFERENCE_DISCS`` (C2-C3)
    before any compression, ``height_scale`` the vertebral height relative to an average adult; the ``sac``
    and ``body`` fields size what surrounds the cord. This class is the cervical spine.
    """

    REFERENCE_DISCS: ClassVar[tuple[int, int]] = (2, 4)
    LEVELS: ClassVar[tuple[int, ...]] = tuple(range(1, 8))  # those that the table of true areas has
    PATHOLOGY_SPAN_MM: ClassVar[tuple[float, float]] = (-40.0, 18.0)  # where there may be lesions: C2 to C5

    centreline: Centreline
    csa_reference_mm2: float
    aspect: float
    enlargement: float
    height_scale: float
    sac_margin_rl_mm: float
    sac_margin_ap_mm: float
    sac_shift_mm: float
    body_depth_mm: float
    body_width_mm: float
    fat_mm: float
    airway_mm: float
    pathology: Pathology = field(default=HEALTHY, kw_only=True)

    @cached_property
    def disc_s_mm(self) -> dict[int, float]:
        """Height on the centreline of each disc label, from 1 (top of C1) downwards."""
        heights = np.array(_LEVEL_HEIGHT_MM) * self.height_scale
        below_top = np.concatenate([[0.0], np.cumsum(heights)])
        s = below_top[_C2C3_LABEL - 1] - below_top
        return {label: float(value) for label, value in enumerate(s, start=1)}

    @property
    def cord_top_mm(self) -> float:
        """Height at which the cord ends and the medulla begins: the top of C1."""
        return self.disc_s_mm[1] + 2.0

    @property
    def bodies_top_mm(self) -> float:
        """Height at which the vertebral bodies end: the tip of the dens."""
        return 29.0

    @property
    def cord_bottom_mm(self) -> float:
        """Height at which the cord ends below: beyond every view of a neck."""
        return -inf

    @property
    def slope(self) -> float:
        """How far the cord's border moves outwards or inwards along its axis, per mm, at most."""
        return 0.8 if self.pathology.compressions else 0.5

    def csa_mm2(self, s: Array) -> Array:
        """True cord area perpendicular to the centreline at height ``s``."""
        csa = self._csa_scale * self._relative_csa(s)
        return csa * self.pathology.remaining_area(s) if self.pathology.compressions else csa

    def semi_axes_mm(self, s: Array) -> tuple[Array, Array]:
        """Semi-axes of the cord's ellipse, R-L and A-P, at height ``s``."""
        aspect = self.aspect + 0.35 * self._enlargement_bump(s)
        csa = self.csa_mm2(s)
        if self.pathology.compressions:
            # Squeezed from front to back, a cord yields a little to the sides.
            aspect = aspect * self.pathology.remaining_area(s) ** -1.5
        return np.sqrt(csa * aspect / pi), np.sqrt(csa / (aspect * pi))

    def sac_margin_rl_at(self, s: Array) -> Array | float:
        """Room between the cord and the dura at its sides, mm."""
        return self.sac_margin_rl_mm

    def sac_margin_ap_at(self, s: Array) -> Array | float:
        """Room between the cord and the dura in front and behind, mm; less where it is squeezed."""
        if not self.pathology.compressions:
            return self.sac_margin_ap_mm
        squeezed: Array = self.sac_margin_ap_mm * self.pathology.remaining_area(s) ** 2
        return squeezed

    def level_csa_mm2(self, top_label: int, bottom_label: int) -> float:
        """Mean true area between two disc labels, over equal steps in S-I as axial slices take them."""
        top, bottom = self.disc_s_mm[top_label], self.disc_s_mm[bottom_label]
        return float(self.csa_mm2(_midpoints(bottom, top)).mean())

    def disc_tip_mm(self, label: int) -> npt.NDArray[np.float64]:
        """Position (x, y, z) of the disc's posterior tip, in the plane perpendicular to the cord."""
        s = np.array([self.disc_s_mm[label]])
        depth = self.sac_shift_mm + float(self.semi_axes_mm(s)[1][0]) + self.sac_margin_ap_mm + 1.0
        x, y, dx, dy = self.centreline.at(s)
        _, anterior = _normals(dx, dy)
        tip = np.array([x, y, s]) + depth * np.array(anterior)
        return np.asarray(tip[:, 0], dtype=np.float64)

    @property
    def _csa_scale(self) -> float:
        return self.csa_reference_mm2 / self._mean_relative_reference

    @cached_property
    def _mean_relative_reference(self) -> float:
        top, bottom = self.REFERENCE_DISCS
        s = _midpoints(self.disc_s_mm[bottom], self.disc_s_mm[top])
        return float(self._relative_csa(s).mean())

    def _relative_csa(self, s: Array) -> Array:
        thoracic = 0.35 * smooth_step((-70 * self.height_scale - s) / 40)
        return 1 + self.enlargement * self._enlargement_bump(s) - thoracic

    def _enlargement_bump(self, s: Array) -> Array:
        # The cervical enlargement: widest at C5, fading over about a vertebra and a half.
        bump: Array = np.exp(-(((s + 42 * self.height_scale) / 24) ** 2))
        return bump

    @cached_property
    def _disc_distance_table(self) -> npt.NDArray[np.float32]:
        return _distance_table([s for label, s in self.disc_s_mm.items() if label >= _C2C3_LABEL])

    @cached_property
    def _arch_distance_table(self) -> npt.NDArray[np.float32]:
        levels = pairwise(self.disc_s_mm.values())
        return _distance_table([0.6 * below + 0.4 * above for above, below in levels])

    def disc_distance_mm(self, s: Array) -> Array:
        """Distance along the spine to the nearest intervertebral disc's middle."""
        return self._disc_distance_table[_table_index(s)[0]]

    def arch_distance_mm(self, s: Array) -> Array:
        """Distance along the spine to the nearest vertebral arch's middle."""
        return self._arch_distance_table[_table_index(s)[0]]

    def cord_frame(self, x: Array, y: Array, z: Array) -> tuple[Array, Array, Array]:
        """Return (u, v, s) of the centreline's :meth:`Centreline.frame`."""
        return self.centreline.frame(x, y, z)


def draw_anatomy(rng: np.random.Generator, csa_mean_mm2: float, csa_sd_mm2: float) -> Anatomy:
    """Draw one participant; every distribution is a plausible adult range, cut at 2.5 standard deviations."""

    def normal(mean: float, sd: float) -> float:
        return mean + sd * float(np.clip(rng.standard_normal(), -2.5, 2.5))

    period = normal(240.0, 15.0)
    radius_mm = float(rng.uniform(140.0, 280.0))
    centreline = Centreline(
        tilt=normal(0.0, 0.06),
        lordosis_mm=(period / tau) ** 2 / radius_mm,
        lordosis_period_mm=period,
        apex_mm=normal(-28.0, 6.0),
        lateral_mm=normal(0.0, 0.8),
        lateral_period_mm=normal(150.0, 15.0),
        lateral_phase=float(rng.uniform(0, tau)),
    )
    return Anatomy(
        centreline=centreline,
        csa_reference_mm2=normal(csa_mean_mm2, csa_sd_mm2),
        aspect=normal(1.40, 0.07),
        enlargement=normal(0.14, 0.03),
        height_scale=normal(1.0, 0.035),
        sac_margin_rl_mm=normal(3.2, 0.4),
        sac_margin_ap_mm=normal(2.1, 0.3),
        sac_shift_mm=normal(0.2, 0.35),
        body_depth_mm=normal(15.5, 1.0),
        body_width_mm=normal(9.5, 0.6),
        fat_mm=normal(7.0, 1.5),
        airway_mm=normal(6.5, 0.8),
    )


def smooth_step(t: Array) -> Array:
    """Rise from 0 (t <= 0) to 1 (t >= 1) with zero slope at both ends."""
    t = np.clip(t, 0, 1)
    return t * t * (3 - 2 * t)


def _normals(dx: Array, dy: Array) -> tuple[tuple[Array, Array, Array], tuple[Array, Array, Array]]:
    """Return the unit vectors to the right and anteriorly that are perpendicular to (dx, dy, 1)."""
    across = 1 / np.sqrt(1 + dx * dx)
    along = across / np.sqrt(1 + dx * dx + dy * dy)
    right = (across, np.zeros_like(across), -dx * across)
    anterior = (-dx * dy * along, (1 + dx * dx) * along, -dy * along)
    return right, anterior


def _midpoints(low: float, high: float, n: int = 200) -> Array:
    edges = np.linspace(low, high, n + 1)
    return (edges[1:] + edges[:-1]) / 2


def _distance_table(centres: list[float]) -> npt.NDArray[np.float32]:
    distance: Array = np.abs(_TABLE_S_MM[:, None] - np.array(centres)).min(axis=1)
    return distance.astype(np.float32)


def _table_index(s: Array) -> tuple[npt.NDArray[np.int32], Array]:
    """Return the nearest row of the tables over ``s`` and the distance from it."""
    row = (s + _REACH_MM) * (1 / _STEP_MM)
    index = np.clip(row + 0.5, 0, len(_TABLE_S_MM) - 1).astype(np.int32)
    return index, (row - index) * _STEP_MM
