"""What the canal holds: fat, dura, CSF with flow voids, nerve roots, and the cord with what is in it."""

from dataclasses import dataclass

import numpy as np

from softcord.phantom.scan import coverage
from softcord.phantom.tissues import ellipse_distance, horns_distance
from softcord.synthetic.canvas import Canvas
from softcord.synthetic.lattice import Float32, Indices, Lattice
from softcord.synthetic.pose import Frame
from softcord.synthetic.settings import SyntheticSettings
from softcord.synthetic.signals import Signals
from softcord.synthetic.spine import Spine, medulla_widening_mm, table_row


@dataclass(frozen=True)
class Near:
    """The voxels around the canal: their flat indices and their places in the cord's frame."""

    voxels: Indices
    u: Float32
    v: Float32
    s: Float32


def near_canal(spine: Spine, frame: Frame) -> Near:
    """Return the voxels that the canal may reach."""
    widest = float(max(spine.sac_a.max(), spine.sac_b.max() + np.abs(spine.sac_v).max())) + 7.0
    if np.isfinite(spine.cord_to_mm):
        widest += 8.0
    voxels = np.nonzero(np.square(frame.u.ravel()) + np.square(frame.v.ravel()) < widest**2)[0]
    return Near(voxels, *(part.ravel()[voxels] for part in (frame.u, frame.v, frame.s)))


def paint_canal(
    rng: np.random.Generator,
    canvas: Canvas,
    spine: Spine,
    near: Near,
    lattice: Lattice,
    signals: Signals,
    settings: SyntheticSettings,
) -> None:
    """Paint the canal without the cord."""
    row = table_row(near.s)
    u, v = near.u - spine.sac_u[row], near.v - spine.sac_v[row]
    a, b = spine.sac_a[row], spine.sac_b[row]
    if np.isfinite(spine.cord_to_mm):
        widening = medulla_widening_mm(spine, near.s)
        a, b = a + widening, b + widening
    sac = ellipse_distance(u, v, a, b)
    room = np.float32(rng.uniform(0.3, 3.0))
    canvas.paint(sac - room, signals.ligament)
    # Fat fills the canal behind and beside the sac, more between the arches than under them.
    fat = sac - room * (1 + np.float32(0.5) * np.sin(near.s * np.float32(2 * np.pi / spine.level_mm)))
    canvas.paint(np.maximum(fat, v + np.float32(rng.uniform(-6, 4))), signals.fat, is_fat=True)
    if signals.is_equal_grey or rng.uniform() < 0.8:
        canvas.paint(sac - np.float32(rng.uniform(0.2, 0.7)), signals.dura)
    canvas.paint(sac, _csf(rng, near, lattice, signals, settings))
    if rng.uniform() < settings.roots:
        _paint_roots(rng, canvas, spine, near, sac, signals)


def _csf(
    rng: np.random.Generator, near: Near, lattice: Lattice, signals: Signals, settings: SyntheticSettings
) -> Float32 | float:
    """The CSF's signal, lowered in clouds where it flows."""
    if not signals.is_equal_grey and rng.uniform() >= settings.flow_voids:
        return signals.csf
    cloud = lattice.fine(lattice.smooth_noise(rng, float(rng.uniform(4, 12)))).ravel()[near.voxels]
    # A void must not bring the CSF to the cord's own signal everywhere: at most half of the way, and seldom.
    depth = float(rng.uniform(0.05, 0.45)) * (signals.cue if signals.is_equal_grey else signals.difference)
    csf: Float32 = signals.csf - np.float32(np.sign(signals.csf - signals.white) * depth) * np.clip(
        cloud, 0, 1.5
    )
    return np.maximum(csf, 0).astype(np.float32)


def _paint_roots(
    rng: np.random.Generator, canvas: Canvas, spine: Spine, near: Near, sac: Float32, signals: Signals
) -> None:
    """Rootlets from the cord's front and back corners to the sac's sides, running down; below, the cauda."""
    row = table_row(near.s)
    lateral = np.abs(near.u)
    a, b = spine.a[row], spine.b[row]
    signal = float(signals.white + rng.normal(0, 0.1) * (signals.csf - signals.white))
    spacing, slope = np.float32(rng.uniform(2.0, 10)), np.float32(rng.uniform(0.3, 3.0))
    radius = float(rng.uniform(0.3, 0.7))
    for corner in (1, -1):
        forward = near.v - corner * b * np.float32(rng.uniform(0.45, 0.75))
        run = lateral - np.float32(0.7) * a
        # Periodic along the cord; across a root the slanting distance shrinks by the slant's cosine.
        along = np.abs((near.s + slope * run) % spacing - spacing / 2) / np.float32(np.hypot(1, slope))
        distance = np.maximum(
            np.hypot(forward + np.float32(0.15) * run * -corner, along) - np.float32(radius), -run
        )
        canvas.paint(np.maximum(distance, sac), max(0.02, signal))
    if np.isfinite(spine.cord_from_mm):
        _paint_cauda(rng, canvas, spine, near, sac, max(0.02, signal))


def _paint_cauda(
    rng: np.random.Generator, canvas: Canvas, spine: Spine, near: Near, sac: Float32, signal: float
) -> None:
    """Roots below the cord's end: strewn over the sac, or bundled at its back as if they were cord."""
    row = table_row(near.s)
    below = near.s - np.float32(spine.cord_from_mm + 12)
    is_bundled = rng.uniform() < 0.6
    back, width = rng.uniform(0.1, 0.7), rng.uniform(0.15, 0.35)
    for _ in range(int(rng.integers(6, 30))):
        if is_bundled:
            u, v = rng.normal(0, width), -back + rng.normal(0, 0.7 * width)
        else:
            angle, share = rng.uniform(0, 2 * np.pi), np.sqrt(rng.uniform(0.05, 0.9))
            u, v = share * np.cos(angle), share * np.sin(angle)
        place = np.float32(u) * spine.sac_a[row], np.float32(v) * spine.sac_b[row] + spine.sac_v[row]
        root = np.hypot(near.u - place[0], near.v - place[1]) - np.float32(rng.uniform(0.4, 0.9))
        canvas.paint(np.maximum(np.maximum(root, sac), below), signal)


def paint_cord(
    rng: np.random.Generator,
    canvas: Canvas,
    spine: Spine,
    near: Near,
    softseg: Float32,
    signals: Signals,
    settings: SyntheticSettings,
) -> None:
    """Lay the cord over the canal, by the exact share that it fills."""
    row = table_row(near.s)
    a, b = spine.a[row], spine.b[row]
    tissue = np.full(near.u.shape, signals.white, np.float32)
    inner = Canvas(tissue)
    inner.paint(horns_distance(near.u / a, near.v / b) * b, signals.grey)
    if np.isfinite(spine.cord_to_mm):
        widening = medulla_widening_mm(spine, near.s)
        medulla = ellipse_distance(near.u, near.v, a + widening, b + widening)
        canvas.paint(np.maximum(medulla, np.float32(spine.cord_to_mm) - near.s), signals.white)
    if rng.uniform() < settings.lesions:
        _paint_lesions(rng, inner, spine, near, signals)
    canvas.blend(softseg.ravel()[near.voxels], tissue)
    if rng.uniform() < 0.4:
        _paint_fissure(rng, canvas, b, near, softseg, signals)


def _paint_lesions(
    rng: np.random.Generator, inner: Canvas, spine: Spine, near: Near, signals: Signals
) -> None:
    """Ellipsoids brighter or darker than the cord, and now and then a cavity as bright as CSF."""
    is_cavity = rng.uniform() < 0.15
    for _ in range(1 if is_cavity else int(rng.integers(1, 4))):
        length, width = rng.uniform(3, 30), rng.uniform(1, 4)
        shift = np.zeros(2) if is_cavity else rng.uniform(-4, 4, 2)
        s = (near.s - np.float32(rng.uniform(-25, 25))) * np.float32(width / length)
        distance = np.sqrt(
            np.square(near.u - np.float32(shift[0])) + np.square(near.v - np.float32(shift[1])) + s * s
        )
        signal = (
            signals.csf
            if is_cavity
            else max(0.02, signals.white + float(rng.choice([-0.5, 1])) * rng.uniform(0.05, 0.4))
        )
        inner.paint(distance - np.float32(width), signal)


def _paint_fissure(
    rng: np.random.Generator, canvas: Canvas, b: Float32, near: Near, softseg: Float32, signals: Signals
) -> None:
    """The median fissure in front: thinner than a voxel, filled with CSF, part of the cord in every mask."""
    deep = np.float32(rng.uniform(0.3, 0.7)) * b - near.v
    share = coverage(np.maximum(np.abs(near.u) - np.float32(0.3), deep), 1.0) * np.float32(0.7)
    canvas.blend(share * softseg.ravel()[near.voxels], signals.csf)
