"""What surrounds the cord of the lower spine, painted back to front as :mod:`softcord.phantom.tissues`."""

from collections.abc import Iterator

import numpy as np

from softcord.phantom.anatomy import Anatomy, Array, smooth_step
from softcord.phantom.tissues import (
    Points,
    Tissue,
    arch_ring,
    bone,
    canal,
    ellipse_distance,
    vertebral_bodies,
)

# Roots of the cauda equina, which sink to the back of the sac: to the side (mm), and share of its depth.
_ROOTS = ((0.9, 0.93), (2.5, 0.85), (4.0, 0.72), (5.2, 0.5), (6.0, 0.2), (1.7, 0.7), (3.3, 0.55))


def trunk_layers(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    """Yield tissues with their signed distance (negative inside), each hiding the ones before it."""
    yield from _body_wall(anatomy, at)
    yield from _vertebrae(anatomy, at)
    yield from canal(anatomy, at, roomy=0.0)
    yield from _cauda_equina(anatomy, at)


def _body_wall(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    outline = ellipse_distance(at.x, at.y - 45, 165.0, 115.0)
    yield Tissue.SKIN, outline
    yield Tissue.FAT, outline + 2
    # Behind the transverse processes the erector muscles, in front of them psoas and the abdomen's fat.
    yield Tissue.MUSCLE, np.maximum(outline + 2 + anatomy.fat_mm, at.v - 8)
    lateral = np.abs(at.u)
    yield Tissue.MUSCLE, ellipse_distance(lateral - 34, at.v - 20, 13.0, 16.0)
    streaks = np.abs(np.sin(0.35 * at.u + 0.9 * np.sin(0.22 * at.v + 0.1 * at.s))) - 0.1
    yield Tissue.FAT, np.maximum(np.maximum(2.0 * streaks, at.v + 14), outline + 2)
    yield Tissue.FAT, np.maximum(np.maximum(lateral - 1.0, at.v + 42), outline + 2)
    # The aorta, left of the midline in front of the bodies, and the inferior vena cava right of it.
    front = at.v - 14 - anatomy.body_depth_mm
    yield Tissue.VESSEL, np.hypot(at.u + 7, front - 6) - 9.0
    yield Tissue.VESSEL, ellipse_distance(at.u - 17, front - 3, 9.0, 7.0)


def _vertebrae(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    arch_mm = anatomy.arch_distance_mm(at.s)
    lateral = np.abs(at.u)
    # Facet joints, and pedicles that join arch and body in the upper half of each vertebra.
    facet = ellipse_distance(lateral - 13.5, at.v + 5.5, 5.5, 6.0)
    yield from bone(np.maximum(facet, anatomy.disc_distance_mm(at.s) - 9))
    yield from bone(np.maximum(ellipse_distance(lateral - 13.5, at.v - 6, 3.6, 9.0), arch_mm - 6.0))
    ring = arch_ring(anatomy, at)
    behind = at.v + 3
    yield Tissue.LIGAMENT, np.maximum(ring - 3.5, behind)
    yield from bone(np.maximum(np.maximum(ring - 5.5, behind), arch_mm - 8.0))
    _, b = at.semi_axes_mm(anatomy)
    back = -at.v - (b + anatomy.sac_margin_ap_at(at.s) + 1.2)
    process_mm = anatomy.arch_distance_mm(at.s + 0.5 * np.clip(back, 0, 40))
    yield from bone(np.maximum(np.maximum(lateral - 3.0, process_mm - 8.0), np.maximum(-back - 1, back - 34)))
    yield from vertebral_bodies(anatomy, at, anatomy.body_width_mm, anatomy.body_depth_mm / 2)
    for compression in anatomy.pathology.compressions:
        yield Tissue.NUCLEUS, _fracture(anatomy, at, compression.s_mm)


def _fracture(anatomy: Anatomy, at: Points, s_mm: float) -> Array:
    """Signed distance to an oblique, ragged cleft in the vertebral body, filled with fluid."""
    _, b = at.semi_axes_mm(anatomy)
    half_depth = anatomy.body_depth_mm / 2
    forward = at.v - (anatomy.sac_shift_mm + b + anatomy.sac_margin_ap_at(at.s) + 0.6)
    within = ellipse_distance(at.u, forward - half_depth, anatomy.body_width_mm - 1.5, half_depth - 1.5)
    ragged = at.s - s_mm - 0.35 * at.u + 0.2 * forward + 1.5 * np.sin(0.9 * at.u) * np.sin(0.7 * forward)
    cleft: Array = np.maximum(within, np.abs(ragged) - 1.8)
    return cleft


def _cauda_equina(anatomy: Anatomy, at: Points) -> Iterator[tuple[Tissue, Array]]:
    """Nerve roots beside the conus and below it: as bright as cord, but no cord."""
    below = smooth_step((anatomy.cord_bottom_mm + 30 - at.s) / 15)
    if below.max() == 0:
        return
    _, b = at.semi_axes_mm(anatomy)
    depth = b + anatomy.sac_margin_ap_at(at.s) - 1.0
    for u, share in _ROOTS:
        root = np.hypot(np.abs(at.u) - u, at.v - anatomy.sac_shift_mm + share * depth) - 0.7 * below
        yield Tissue.GREY_MATTER, root
