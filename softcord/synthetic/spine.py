"""Draw one piece of spine: how wide cord, sac and vertebrae are along the cord, from C1 to the conus."""

from dataclasses import dataclass

import numpy as np

from softcord.phantom.anatomy import smooth_step
from softcord.synthetic.lattice import Float32, Indices, smooth_curve
from softcord.synthetic.settings import SyntheticSettings
from softcord.synthetic.sizes import LEVELS, Person, draw_person

_REACH_MM = 110.0
_STEP_MM = 0.25
S_MM = np.arange(-_REACH_MM, _REACH_MM, _STEP_MM, dtype=np.float32)
HARMONICS = (2, 3, 4)

# Typical sizes at some vertebral levels (1 = C1, 8 = T1, 20 = L1).
_AT_LEVELS = (1.0, 5.0, 8.0, 12.0, 17.0, 20.0)
_BODY_HALF_WIDTH_MM = (9.0, 10.0, 12.0, 14.0, 20.0, 22.0)
_BODY_DEPTH_MM = (13.0, 15.0, 17.0, 22.0, 30.0, 33.0)
_LEVEL_MM = (15.0, 17.0, 20.0, 23.0, 32.0, 37.0)
_DISC_MM = (4.5, 5.0, 4.5, 4.0, 7.0, 10.0)
_C7, _T11, _L1, _L5 = 7.0, 18.0, 20.0, 24.0
# The cord ends between T12 and L2, most often about the disc below L1.
_CONUS_LEVEL, _CONUS_SPREAD = 20.3, 0.7


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
    level = _draw_level(rng, settings)

    def typical(sizes: tuple[float, ...], spread: float) -> float:
        return float(np.interp(level, _AT_LEVELS, sizes) * _factor(rng, spread))

    level_mm = typical(_LEVEL_MM, 0.1)
    levels = (level - S_MM / level_mm).astype(np.float32)
    # People as they are, somewhat wider spread, and anything between a child's, a wasted and a huge cord.
    is_ordinary = rng.uniform() < settings.real_sizes
    person = draw_person(rng, settings.person_spread)
    unusual = 1.0 if is_ordinary else _factor(rng, settings.area_spread)
    cord_from_mm, taper = _lower_end(rng, level, level_mm, settings)
    a, b = _semi_axes(rng, person, levels, np.sqrt(unusual), settings)
    sac = _sac(rng, a, b, _canal(person, levels) if is_ordinary else None)
    a, b = a * taper, b * taper
    waves = np.stack([_wave(rng, 0.5 * (a + b), k) for k in HARMONICS])
    return Spine(
        *(a.astype(np.float32), b.astype(np.float32), waves.astype(np.float32)),
        *sac,
        cord_from_mm=cord_from_mm,
        cord_to_mm=float(rng.uniform(-15, 25)) if rng.uniform() < settings.medulla else np.inf,
        body_half_width_mm=typical(_BODY_HALF_WIDTH_MM, 0.15),
        body_depth_mm=typical(_BODY_DEPTH_MM, 0.15),
        level_mm=level_mm,
        level_phase_mm=float(rng.uniform(0, level_mm)),
        disc_mm=min(typical(_DISC_MM, 0.25), 0.5 * level_mm),
    )


def _draw_level(rng: np.random.Generator, settings: SyntheticSettings) -> float:
    """Where the patch's middle lies: the neck, about the cord's lower end and below, or anywhere."""
    kind = rng.uniform()
    if kind < settings.cervical:
        return float(rng.uniform(0.5, _C7 + 1))
    if kind < settings.cervical + (1 - settings.cervical) * settings.conus:
        return float(rng.uniform(_T11, _L5))
    return float(rng.uniform(1, _L1))


def _factor(rng: np.random.Generator, spread: float) -> float:
    return float(np.exp(spread * np.clip(rng.standard_normal(), -2, 2)))


def _semi_axes(
    rng: np.random.Generator, person: Person, levels: Float32, scale: float, settings: SyntheticSettings
) -> tuple[Float32, Float32]:
    a, b = (
        0.5 * scale * np.interp(levels, LEVELS, diameter) * np.exp(0.03 * smooth_curve(rng, S_MM, 20.0))
        for diameter in (person.cord_rl, person.cord_ap)
    )
    if rng.uniform() < settings.compression:
        # A disc or an osteophyte flattens the cord over a few millimetres; it gives way to the sides.
        dent = np.exp(-(((S_MM - rng.uniform(-20, 20)) / rng.uniform(3, 12)) ** 2)) * rng.uniform(0.1, 0.5)
        a, b = a * (1 + 0.35 * dent), b * (1 - dent)
    return a.astype(np.float32), b.astype(np.float32)


def _lower_end(
    rng: np.random.Generator, level: float, level_mm: float, settings: SyntheticSettings
) -> tuple[float, Float32]:
    """Return where the cord ends and how it tapers towards there."""
    end_mm = (level - rng.normal(_CONUS_LEVEL, _CONUS_SPREAD)) * level_mm
    if settings.conus == 0 or end_mm < -_REACH_MM:
        return -np.inf, np.ones_like(S_MM)
    taper = 0.1 + 0.9 * np.clip((S_MM - end_mm) / rng.uniform(15, 45), 0, 1) ** 0.6
    return float(end_mm), taper.astype(np.float32)


def _canal(person: Person, levels: Float32) -> tuple[Float32, Float32]:
    a, b = (
        (0.5 * np.interp(levels, LEVELS, diameter)).astype(np.float32)
        for diameter in (person.canal_rl, person.canal_ap)
    )
    return a, b


def _wave(rng: np.random.Generator, radius_mm: Float32, harmonic: int) -> Float32:
    height = 0.08 * rng.uniform() * radius_mm / harmonic
    return np.stack([height * smooth_curve(rng, S_MM, 15.0) for _ in range(2)])


def _sac(
    rng: np.random.Generator, a: Float32, b: Float32, canal: tuple[Float32, Float32] | None
) -> tuple[Float32, Float32, Float32, Float32]:
    """Return the sac's semi-axes and offset; the cord may touch its wall anywhere.

    ``a``, ``b`` are those of the cord if it went on for ever: below its end, the sac keeps its width.
    ``canal`` is a real one's semi-axes, which the sac nearly fills; None leaves any room about the cord.
    """
    margins = []
    for axis, (low, high) in enumerate(((0.6, 6.5), (0.3, 5.5))):
        if canal is None:
            mean = np.exp(rng.uniform(np.log(low), np.log(high)))
            margins.append(mean * np.exp(0.2 * smooth_curve(rng, S_MM, 18.0)))
        else:
            wall = canal[axis] * rng.uniform(0.88, 1.04) * np.exp(0.03 * smooth_curve(rng, S_MM, 15.0))
            margins.append(np.maximum(wall - (a, b)[axis], low / 2))
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
