"""Draw one piece of spine: how wide cord, sac and vertebrae are along the cord, from C1 to the conus."""

from dataclasses import dataclass

import numpy as np

from softcord.phantom.anatomy import smooth_step
from softcord.synthetic.lattice import Float32, Indices, smooth_curve
from softcord.synthetic.settings import SyntheticSettings

_REACH_MM = 110.0
_STEP_MM = 0.25
S_MM = np.arange(-_REACH_MM, _REACH_MM, _STEP_MM, dtype=np.float32)
HARMONICS = (2, 3, 4)

# Typical sizes from C1 (0) over T1 (0.35) and T12 (0.85) to the conus (1).
_T1 = 0.35
_CAUDAL = (0.0, 0.2, _T1, 0.55, 0.85, 1.0)
_CSA_MM2 = (76.0, 82.0, 66.0, 45.0, 56.0, 42.0)
_ASPECT = (1.2, 1.5, 1.35, 1.15, 1.15, 1.1)
_BODY_HALF_WIDTH_MM = (9.0, 10.0, 12.0, 14.0, 20.0, 22.0)
_BODY_DEPTH_MM = (13.0, 15.0, 17.0, 22.0, 30.0, 33.0)
_LEVEL_MM = (15.0, 17.0, 20.0, 23.0, 32.0, 37.0)
_DISC_MM = (4.5, 5.0, 4.5, 4.0, 7.0, 10.0)


@dataclass(frozen=True)
class Spine:
    """Tables over the height ``S_MM`` along the cord, and the sizes that do not change along it.

    ``a``, ``b`` are the cord's semi-axes (R-L, A-P); ``waves`` (harmonic, cosine and sine, height) what its
    outline departs from the ellipse by, all in mm. ``sac_a``, ``sac_b``, ``sac_u``, ``sac_v`` are the dural
    sac's semi-axes and its centre's offset from the cord's. The cord fills heights from ``cord_from_mm`` to
    ``cord_to_mm``; above that the medulla widens.
    """

    a: Float32
    b: Float32
    waves: Float32
    sac_a: Float32
    sac_b: Float32
    sac_u: Float32
    sac_v: Float32
    cord_from_mm: float
    cord_to_mm: float
    body_half_width_mm: float
    body_depth_mm: float
    level_mm: float
    level_phase_mm: float
    disc_mm: float


def table_row(s: Float32) -> Indices:
    """Return the row of the tables at each height."""
    row = (s + _REACH_MM) * (1 / _STEP_MM) + 0.5
    rows: Indices = np.clip(row, 0, len(S_MM) - 1).astype(np.intp)
    return rows


def draw_spine(rng: np.random.Generator, settings: SyntheticSettings) -> Spine:
    """Draw the sizes of one piece of spine."""
    is_cervical = rng.uniform() < settings.cervical
    caudal = float(rng.uniform(0, _T1 if is_cervical else 1))

    def typical(sizes: tuple[float, ...], spread: float) -> float:
        return float(
            np.interp(caudal, _CAUDAL, sizes) * np.exp(spread * np.clip(rng.standard_normal(), -2, 2))
        )

    cord_from_mm, taper = _lower_end(rng, caudal, settings)
    a, b = _semi_axes(rng, typical(_CSA_MM2, settings.area_spread), typical(_ASPECT, 0.1), settings)
    a, b = a * taper, b * taper
    sac = _sac(rng, a, b)
    cord_to_mm = float(rng.uniform(-15, 25)) if rng.uniform() < settings.medulla else np.inf
    waves = np.stack([_wave(rng, 0.5 * (a + b), k) for k in HARMONICS])
    level_mm = typical(_LEVEL_MM, 0.1)
    return Spine(
        *(a.astype(np.float32), b.astype(np.float32), waves.astype(np.float32)),
        *sac,
        cord_from_mm=cord_from_mm,
        cord_to_mm=cord_to_mm,
        body_half_width_mm=typical(_BODY_HALF_WIDTH_MM, 0.15),
        body_depth_mm=typical(_BODY_DEPTH_MM, 0.15),
        level_mm=level_mm,
        level_phase_mm=float(rng.uniform(0, level_mm)),
        disc_mm=min(typical(_DISC_MM, 0.25), 0.5 * level_mm),
    )


def _semi_axes(
    rng: np.random.Generator, csa_mm2: float, aspect: float, settings: SyntheticSettings
) -> tuple[Float32, Float32]:
    csa = csa_mm2 * np.exp(0.04 * smooth_curve(rng, S_MM, 25.0) + 0.003 * rng.standard_normal() * S_MM)
    ratio = max(0.95, aspect) * np.exp(0.05 * smooth_curve(rng, S_MM, 25.0))
    a, b = np.sqrt(csa * ratio / np.pi), np.sqrt(csa / (ratio * np.pi))
    if rng.uniform() < settings.compression:
        # A disc or an osteophyte flattens the cord over a few millimetres; it gives way to the sides.
        dent = np.exp(-(((S_MM - rng.uniform(-20, 20)) / rng.uniform(3, 12)) ** 2)) * rng.uniform(0.1, 0.5)
        a, b = a * (1 + 0.35 * dent), b * (1 - dent)
    return a.astype(np.float32), b.astype(np.float32)


def _lower_end(rng: np.random.Generator, caudal: float, settings: SyntheticSettings) -> tuple[float, Float32]:
    """Return where the cord ends and how it tapers towards there."""
    if rng.uniform() >= (settings.conus if caudal > 0.7 else 0.0):
        return -np.inf, np.ones_like(S_MM)
    end_mm = float(rng.uniform(-25, 30))
    taper = 0.1 + 0.9 * np.clip((S_MM - end_mm) / rng.uniform(15, 45), 0, 1) ** 0.6
    return end_mm, taper.astype(np.float32)


def _wave(rng: np.random.Generator, radius_mm: Float32, harmonic: int) -> Float32:
    height = 0.08 * rng.uniform() * radius_mm / harmonic
    return np.stack([height * smooth_curve(rng, S_MM, 15.0) for _ in range(2)])


def _sac(rng: np.random.Generator, a: Float32, b: Float32) -> tuple[Float32, Float32, Float32, Float32]:
    """Return the sac's semi-axes and offset; the cord may touch its wall anywhere."""
    # Below the cord's end the sac keeps its width.
    a, b = np.maximum(a, 4.0), np.maximum(b, 3.5)
    margins = []
    for low, high in ((0.6, 6.5), (0.3, 5.5)):
        mean = np.exp(rng.uniform(np.log(low), np.log(high)))
        margins.append(mean * np.exp(0.2 * smooth_curve(rng, S_MM, 18.0)))
    shifts = [
        0.9 * m * np.clip(rng.uniform(-1, 1) + 0.3 * smooth_curve(rng, S_MM, 40.0), -1, 1) for m in margins
    ]
    sac_a, sac_b, sac_u, sac_v = a + margins[0], b + margins[1], 0.4 * shifts[0], shifts[1]
    a, b, u, v = (part.astype(np.float32) for part in (sac_a, sac_b, sac_u, sac_v))
    return a, b, u, v


def medulla_widening_mm(spine: Spine, s: Float32) -> Float32:
    """How much wider than the cord the medulla is at a height above the cord's upper end."""
    above = np.clip(s - spine.cord_to_mm, 0, 60)
    widening: Float32 = (0.35 * above * smooth_step(above / 4)).astype(np.float32)
    return widening
