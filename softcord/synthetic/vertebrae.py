"""Bodies with discs, joints, arches and spinous processes around the canal."""

import numpy as np

from softcord.phantom.tissues import ellipse_distance
from softcord.synthetic.canvas import Canvas
from softcord.synthetic.lattice import Float32
from softcord.synthetic.pose import Frame
from softcord.synthetic.signals import Signals
from softcord.synthetic.spine import Spine, table_row


def paint_vertebrae(
    rng: np.random.Generator,
    canvas: Canvas,
    spine: Spine,
    frame: Frame,
    signals: Signals,
    *,
    has_canal: bool,
) -> None:
    """Paint bones; each kind is left out now and then, so that none is relied on.

    Without a canal there are no arches: what they enclose would look like one.
    """
    middle = len(spine.sac_a) // 2
    front = float(spine.sac_v[middle] + spine.sac_b[middle])
    side = float(spine.sac_a[middle])
    if rng.uniform() < 0.85:
        _paint_joints(rng, canvas, side, frame, signals)
    if has_canal and rng.uniform() < 0.85:
        _paint_arches(rng, canvas, spine, frame, signals)
    if rng.uniform() < 0.92:
        _paint_bodies(rng, canvas, spine, front, frame, signals)


def _disc_distance(spine: Spine, s: Float32) -> Float32:
    """Distance along the spine to the nearest disc's middle."""
    level = np.float32(spine.level_mm)
    distance: Float32 = np.abs((s + np.float32(spine.level_phase_mm)) % level - level / 2)
    return distance


def _paint_bodies(
    rng: np.random.Generator, canvas: Canvas, spine: Spine, front_mm: float, frame: Frame, signals: Signals
) -> None:
    half_depth, half_width = 0.5 * spine.body_depth_mm, spine.body_half_width_mm
    forward = frame.v - np.float32(front_mm + rng.uniform(0.3, 2.0) + half_depth)
    outline = _rounded_box(frame.u, forward, half_width, half_depth, float(rng.uniform(0.35, 1.0)))
    tilt = np.float32(rng.normal(0, 0.12))
    disc_mm = _disc_distance(spine, frame.s + tilt * frame.v)
    half_disc = np.float32(0.5 * spine.disc_mm)
    canvas.paint(np.maximum(outline - np.float32(rng.uniform(0, 1.2)), disc_mm - half_disc), signals.disc)
    canvas.paint(np.maximum(outline + 3, disc_mm - half_disc + 0.9), signals.nucleus)
    body = np.maximum(outline, half_disc - disc_mm)
    canvas.paint(body, signals.cortical)
    canvas.paint(body + np.float32(rng.uniform(0.4, 1.2)), signals.marrow, is_fat=rng.uniform() < 0.5)


def _paint_joints(
    rng: np.random.Generator, canvas: Canvas, side_mm: float, frame: Frame, signals: Signals
) -> None:
    radius = float(rng.uniform(4, 8))
    lateral = np.abs(frame.u) - np.float32(side_mm + radius + rng.uniform(0, 3))
    pillar = ellipse_distance(lateral, frame.v - np.float32(rng.uniform(-4, 4)), radius, radius * 1.2)
    canvas.paint(pillar, signals.cortical)
    canvas.paint(pillar + np.float32(0.8), signals.marrow, is_fat=True)
    if rng.uniform() < 0.5:
        vessel = np.hypot(lateral + np.float32(1.0), frame.v - np.float32(rng.uniform(4, 9)))
        canvas.paint(vessel - np.float32(rng.uniform(1, 2.2)), signals.vessel)


def _paint_arches(
    rng: np.random.Generator, canvas: Canvas, spine: Spine, frame: Frame, signals: Signals
) -> None:
    row = table_row(frame.s)
    v = frame.v - spine.sac_v[row]
    gap = np.float32(rng.uniform(1.0, 4.0))
    ring = ellipse_distance(frame.u, v, spine.sac_a[row] + gap, spine.sac_b[row] + gap)
    thickness = np.float32(rng.uniform(2.5, 6))
    behind = v - np.float32(rng.uniform(0, 3))
    # Arches lie half-way between discs, slanting downwards.
    arch_mm = np.float32(0.5 * spine.level_mm) - _disc_distance(
        spine, frame.s + np.float32(rng.uniform(0, 0.5)) * -v
    )
    half_height = np.float32(rng.uniform(0.25, 0.45) * spine.level_mm)
    canvas.paint(np.maximum(ring - thickness, behind), signals.ligament)
    _paint_bone(canvas, np.maximum(np.maximum(ring - thickness, behind), arch_mm - half_height), signals)
    reach = spine.sac_b[row] + gap
    width, length = np.float32(rng.uniform(1.5, 4)), np.float32(rng.uniform(10, 35))
    process = np.maximum(np.maximum(np.abs(frame.u) - width, arch_mm - half_height), -v - reach - length)
    _paint_bone(canvas, np.maximum(process, v + reach), signals)


def _paint_bone(canvas: Canvas, distance: Float32, signals: Signals) -> None:
    canvas.paint(distance, signals.cortical)
    canvas.paint(distance + np.float32(0.8), signals.marrow, is_fat=True)


def _rounded_box(u: Float32, v: Float32, a: float, b: float, roundness: float) -> Float32:
    radius = np.float32(roundness * min(a, b))
    along = np.maximum(np.abs(u) - np.float32(a) + radius, 0)
    across = np.maximum(np.abs(v) - np.float32(b) + radius, 0)
    distance: Float32 = np.hypot(along, across) - radius
    return distance
