"""What surrounds the cord of the neck, as signed distances painted back to front; signals by contrast."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from softcord.phantom.anatomy import Anatomy, Array, smooth_step


class Tissue(IntEnum):
    """Tissue classes and their values in the tissue label map."""

    AIR = 0
    SKIN = 1
    FAT = 2
    MUSCLE = 3
    CORTICAL_BONE = 4
    MARROW = 5
    ANNULUS = 6
    NUCLEUS = 7
    LIGAMENT = 8
    EPIDURAL_FAT = 9
    VESSEL = 10
    CSF = 11
    WHITE_MATTER = 12
    GREY_MATTER = 13
    BRAIN = 14


_ORDER = tuple(Tissue)
_HEAD_MM = 38.0  # the skull begins here; most fields of view end below
# Signal by tissue, in the order of Tissue, relative to white matter = 1 on T1w. Orders of magnitude read
# off public images of the protocol; what matters is who is brighter than whom.
SIGNAL: dict[str, tuple[float, ...]] = {
    #        air   skin  fat   musc  cort  marr  annu  nucl  liga  epif  vess  csf   wm    gm    brain
    "T1w": (0.03, 0.80, 1.55, 0.62, 0.15, 0.95, 0.50, 0.60, 0.28, 1.30, 0.45, 0.22, 1.00, 0.86, 0.93),
    "T2w": (0.03, 0.60, 1.25, 0.40, 0.12, 0.70, 0.28, 0.85, 0.18, 1.05, 0.08, 2.10, 0.80, 0.95, 0.88),
    "T2star": (0.03, 0.60, 0.85, 0.70, 0.08, 0.30, 0.60, 1.05, 0.35, 0.80, 1.60, 1.55, 0.85, 1.12, 0.99),
    "MTon": (0.03, 0.55, 1.00, 0.42, 0.08, 0.38, 0.50, 0.80, 0.25, 0.95, 1.30, 1.15, 0.55, 0.66, 0.60),
    "MToff": (0.03, 0.60, 0.95, 0.70, 0.08, 0.36, 0.60, 0.90, 0.32, 0.90, 1.40, 1.20, 0.82, 0.92, 0.87),
    "GREt1w": (0.03, 0.80, 1.50, 0.85, 0.08, 0.50, 0.70, 0.80, 0.30, 1.20, 1.50, 0.48, 1.00, 0.90, 0.95),
    "dwi": (0.03, 0.08, 0.08, 0.22, 0.04, 0.07, 0.12, 0.15, 0.05, 0.08, 0.05, 0.20, 1.00, 1.08, 1.04),
    # UNI: 0 to 1 is the whole range of the image; its air and bone are noise, see AMPLITUDE.
    "UNIT1": (0.50, 0.45, 0.90, 0.45, 0.40, 0.80, 0.42, 0.45, 0.40, 0.85, 0.75, 0.10, 0.84, 0.58, 0.72),
    "EPI": (0.03, 0.10, 0.14, 0.40, 0.05, 0.12, 0.40, 0.60, 0.15, 0.12, 0.70, 1.45, 0.85, 1.05, 0.95),
    "FLAIR": (0.03, 0.55, 0.80, 0.45, 0.10, 0.45, 0.35, 0.40, 0.18, 0.70, 0.10, 0.22, 0.80, 1.00, 0.92),
}
# Strength of the signal before it is divided out, of contrasts that are a ratio of two images: MP2RAGE's UNI.
AMPLITUDE: dict[str, tuple[float, ...]] = {
    "UNIT1": (0.02, 0.60, 1.00, 0.80, 0.15, 0.80, 0.45, 0.60, 0.25, 0.90, 0.60, 0.60, 1.00, 1.00, 1.00),
}


@dataclass(frozen=True)
class Points:
    """Places in the participant's frame: (x, y, z) of the body, (u, v, s) of the spine; equal shapes, mm."""

    x: Array
    y: Array
    z: Array
    u: Array
    v: Array
    s: Array
    _axes: list[tuple[Anatomy, tuple[Array, Array]]] = field(
        default_factory=list, init=False, repr=False, compare=False
    )

    def semi_axes_mm(self, anatomy: Anatomy) -> tuple[Array, Array]:
        """Return the cord's semi-axes, R-L and A-P, at the places: every other tissue asks for them."""
        if not self._axes or self._axes[0][0] is not anatomy:
            self._axes[:] = [(anatomy, anatomy.semi_axes_mm(self.s))]
        return self._axes[0][1]


def ellipse_distance(u: Array, v: Array, a: Array | float, b: Array | float) -> Array:
    """Signed distance to an ellipse with semi-axes a, b, exact to first order at its border."""
    ua, vb = u / a, v / b
    unit = np.sqrt(ua * ua + vb * vb)
    steepness = np.sqrt((ua / a) ** 2 + (vb / b) ** 2) + 1e-6
    distance: Array = unit * (unit - 1) / steepness
    return distance


def neck_layers(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    """Yield tissues with their signed distance (negative inside), each hiding the ones before it."""
    yield from _neck(anatomy, at)
    yield from _vertebrae(anatomy, at)
    # The canal is widest at C1 and C2.
    yield from canal(anatomy, at, roomy=1.5 * smooth_step((at.s - 8) / 12))


def grey_matter_distance(anatomy: Anatomy, at: Points) -> Array:
    """Signed distance to the grey matter: two horns on each side, joined by the commissure."""
    a, b = at.semi_axes_mm(anatomy)
    return horns_distance(at.u / a, at.v / b) * b


def horns_distance(u: Array, v: Array) -> Array:
    """Signed distance to the grey matter in a cord whose semi-axes are 1."""
    u = np.abs(u)
    ventral = ellipse_distance(u - 0.30, v - 0.26, 0.17, 0.30)
    # The dorsal horns are thin and run outwards and backwards, almost to the surface.
    along, across = 0.45 * (u - 0.34) - 0.893 * (v + 0.28), 0.893 * (u - 0.34) + 0.45 * (v + 0.28)
    dorsal = ellipse_distance(along, across, 0.46, 0.095)
    commissure = np.maximum(u - 0.25, np.abs(v) - 0.09)
    distance: Array = np.minimum(np.minimum(ventral, dorsal), commissure)
    return distance


def _neck(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    # Above C1 the outline widens to the head, below C7 to the shoulders.
    head, shoulders = smooth_step((at.z - 30) / 45), smooth_step((-75 - at.z) / 70)
    half_width = 60 + 15 * head + 110 * shoulders
    half_depth = 62 + 28 * head + 25 * shoulders
    outline = ellipse_distance(at.x, at.y - 8 * (1 + head), half_width, half_depth)
    yield Tissue.SKIN, outline
    yield Tissue.FAT, outline + 2
    yield Tissue.MUSCLE, outline + 2 + anatomy.fat_mm
    # Fat sheets between the muscle layers, and the septum in the midline behind the spine.
    ring = np.hypot(at.u, at.v + 22)
    wavy = ring + 0.12 * np.abs(at.u) + 0.9 * np.sin(0.6 * at.v + 0.15 * at.s)
    sheet = np.minimum(np.abs(wavy - 13), np.abs(wavy - 24)) - 0.35 * (
        1.6 + np.sin(0.31 * at.u + 0.23 * at.s)
    )
    septum = np.maximum(np.abs(at.u) - 0.8, at.v + 38)
    yield Tissue.FAT, np.maximum(np.maximum(sheet, at.v + 10), outline + 2)
    yield Tissue.FAT, np.maximum(septum, outline + 2)
    depth = at.v - (30 + 0.5 * anatomy.body_depth_mm)
    pharynx = ellipse_distance(at.u, depth, 1.5 * anatomy.airway_mm + 2.5, anatomy.airway_mm + 2.5)
    yield Tissue.SKIN, pharynx
    yield Tissue.AIR, pharynx + 2.5
    if at.z.max() > _HEAD_MM:
        yield from _head(anatomy, at)


def _head(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    """A skull with a smooth brain: what fills the top of whole-neck fields of view."""
    brain = (np.sqrt((at.x / 66) ** 2 + ((at.y - 20) / 84) ** 2 + ((at.z - 106) / 64) ** 2) - 1) * 64
    yield Tissue.CORTICAL_BONE, brain - 6
    yield Tissue.CSF, brain - 2
    yield Tissue.BRAIN, brain


def _vertebrae(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    _, b = at.semi_axes_mm(anatomy)
    arch_mm = anatomy.arch_distance_mm(at.s)
    lateral = np.abs(at.u)
    pillar = ellipse_distance(lateral - 17.5, at.v - 1.5, 6.5, 7.5)
    yield from bone(np.maximum(pillar, at.s - 30))
    yield Tissue.LIGAMENT, np.maximum(pillar, np.abs(anatomy.disc_distance_mm(at.s) - 1.5) - 0.6)
    yield Tissue.VESSEL, np.hypot(lateral - 15.5, at.v - 10.5) - 2.0
    yield from _arches(anatomy, at, arch_mm)
    dens = smooth_step((at.s - 9) / 7)
    half_width = anatomy.body_width_mm - 4.0 * dens
    half_depth = anatomy.body_depth_mm * (0.5 - 0.17 * dens)
    yield from vertebral_bodies(anatomy, at, half_width, half_depth)
    # The anterior arch of C1, in front of the dens.
    forward = at.v - (anatomy.sac_shift_mm + b + anatomy.sac_margin_ap_mm + 0.6)
    arch = np.hypot(forward - anatomy.body_depth_mm * 0.66 - 5.0, 0.8 * (at.s - 22)) - 4.0
    yield from bone(np.maximum(arch, np.abs(at.u) - 12))


def arch_ring(anatomy: Anatomy, at: Points) -> Array:
    """Signed distance to the inner border of the vertebral arches."""
    a, b = at.semi_axes_mm(anatomy)
    rl, ap = a + anatomy.sac_margin_rl_at(at.s) + 1.8, b + anatomy.sac_margin_ap_at(at.s) + 1.2
    return ellipse_distance(at.u, at.v - anatomy.sac_shift_mm, rl, ap)


def _arches(anatomy: Anatomy, at: Points, arch_mm: Array) -> Iterator[tuple[Tissue, Array]]:
    _, b = at.semi_axes_mm(anatomy)
    ap = b + anatomy.sac_margin_ap_mm + 1.2
    ring = arch_ring(anatomy, at)
    behind = at.v - 2
    yield Tissue.LIGAMENT, np.maximum(ring - 3.0, behind)
    yield from bone(np.maximum(np.maximum(ring - 4.5, behind), arch_mm - 5.0))
    # The spinous process slants downwards from the arch.
    back = -at.v - ap
    process_mm = anatomy.arch_distance_mm(at.s + 0.3 * np.clip(back, 0, 40))
    process = np.maximum(np.maximum(np.abs(at.u) - 2.8, process_mm - 4.2), np.maximum(-back - 1, back - 27))
    yield from bone(process)


def vertebral_bodies(
    anatomy: Anatomy, at: Points, half_width: Array | float, half_depth: Array | float
) -> Iterator[tuple[Tissue, Array]]:
    """Yield discs and vertebral bodies of that size, behind them the sac."""
    _, b = at.semi_axes_mm(anatomy)
    posterior = anatomy.sac_shift_mm + b + anatomy.sac_margin_ap_at(at.s) + 0.6
    forward = at.v - posterior
    outline = ellipse_distance(at.u, forward - half_depth, half_width, half_depth)
    disc_mm = anatomy.disc_distance_mm(at.s)
    # Endplates are hollow: discs are thickest in the middle, and bulge a little over the bodies' rim.
    half_height = 3.2 - 1.1 * np.clip(1 + outline / half_depth, 0, 1) ** 2
    yield Tissue.ANNULUS, np.maximum(outline - 0.4, disc_mm - half_height)
    yield Tissue.NUCLEUS, np.maximum(outline + 3.4, disc_mm - half_height + 0.9)
    yield from bone(np.maximum(np.maximum(outline, half_height - disc_mm), at.s - anatomy.bodies_top_mm))


def canal(anatomy: Anatomy, at: Points, roomy: Array | float) -> Iterator[tuple[Tissue, Array]]:
    """Yield the canal's lining and the sac, ``roomy`` mm wider than usual, and the medulla above the cord."""
    a, b = at.semi_axes_mm(anatomy)
    a, b = a + anatomy.sac_margin_rl_at(at.s) + roomy, b + anatomy.sac_margin_ap_at(at.s) + roomy
    v = at.v - anatomy.sac_shift_mm
    # Fat lies behind the sac, ligament in front of it.
    canal = ellipse_distance(at.u, v, a + 1.8, b + 1.0)
    yield Tissue.LIGAMENT, canal
    yield Tissue.EPIDURAL_FAT, np.maximum(canal + 0.3, v + 0.5 * b)
    sac = ellipse_distance(at.u, v, a, b)
    yield Tissue.LIGAMENT, sac - 0.35
    yield Tissue.CSF, sac
    # Above the cord the medulla goes on into the brain, widening.
    above = at.s - anatomy.cord_top_mm
    if above.max() > 0:
        widening = 0.25 * np.clip(above, 0, 60)
        medulla = ellipse_distance(at.u, at.v, *(axis + widening for axis in at.semi_axes_mm(anatomy)))
        yield Tissue.BRAIN, np.maximum(medulla, -above)


def bone(distance: Array, shell_mm: float = 0.8) -> Iterator[tuple[Tissue, Array]]:
    """Yield marrow in a shell of cortical bone."""
    yield Tissue.CORTICAL_BONE, distance
    yield Tissue.MARROW, distance + shell_mm


def draw_signal(rng: np.random.Generator, contrast: str, signal_sd: float) -> dict[Tissue, float]:
    """Draw one image's signal by tissue: the contrast's table with log-normal variation per tissue."""
    variation = np.exp(signal_sd * np.clip(rng.standard_normal(len(_ORDER)), -2.5, 2.5))
    table = zip(_ORDER, SIGNAL[contrast], variation, strict=True)
    return {tissue: float(signal * factor) for tissue, signal, factor in table}


def amplitude(contrast: str) -> dict[Tissue, float]:
    """Return how strong each tissue's signal is in the images whose ratio the contrast is."""
    return dict(zip(_ORDER, AMPLITUDE[contrast], strict=True))
