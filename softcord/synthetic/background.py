"""Everything that is no spine: random regions, the body's outline, vessels, round and tubular look-alikes."""

import numpy as np

from softcord.phantom.tissues import ellipse_distance
from softcord.synthetic.canvas import Canvas
from softcord.synthetic.lattice import Float32, Lattice
from softcord.synthetic.pose import Frame
from softcord.synthetic.settings import SyntheticSettings
from softcord.synthetic.signals import Signals

_LEVELS = 5


def paint_background(
    rng: np.random.Generator,
    lattice: Lattice,
    canvas: Canvas,
    frame: Frame,
    signals: Signals,
    settings: SyntheticSettings,
) -> None:
    """Fill the canvas with a background."""
    canvas.signal[:] = signals.muscle
    if settings.random_background:
        canvas.signal[:] = _regions(rng, lattice, symmetric=rng.uniform() < 0.4)
        if rng.uniform() < 0.35:
            canvas.signal[:] = np.float32(0.3) * canvas.signal + np.float32(0.7 * signals.muscle)
        if rng.uniform() < 0.15:
            _paint_folds(rng, lattice, canvas, signals)
        if rng.uniform() < 0.3:
            _paint_air_behind(rng, canvas, frame, signals)
    _paint_distractors(rng, lattice, canvas, frame, settings)


def _regions(rng: np.random.Generator, lattice: Lattice, *, symmetric: bool) -> Float32:
    """Piecewise constant regions: two smooth fields cut into levels, each pair of levels with its signal."""
    scale_mm = float(np.exp(rng.uniform(np.log(5), np.log(22))))
    codes = []
    for _ in range(2):
        field = lattice.smooth_noise(rng, scale_mm)
        if symmetric:
            field = (field + field[::-1]) * np.float32(np.sqrt(0.5))
        level = lattice.fine(field * np.float32(_LEVELS / 4.0) + np.float32(_LEVELS / 2))
        codes.append(np.clip(level, 0, _LEVELS - 1).astype(np.intp))
    table = rng.uniform(0.02, 1.0, (_LEVELS, _LEVELS)).astype(np.float32)
    signal: Float32 = table.ravel()[codes[0] * _LEVELS + codes[1]]
    return signal


def _paint_folds(rng: np.random.Generator, lattice: Lattice, canvas: Canvas, signals: Signals) -> None:
    """Brain-like folds: thin sheets of fluid through the regions."""
    sheet = np.abs(lattice.fine(lattice.smooth_noise(rng, float(rng.uniform(5, 10)))))
    canvas.blend(np.clip(1.5 - 10 * sheet, 0, 1).astype(np.float32), signals.csf)


def _paint_air_behind(rng: np.random.Generator, canvas: Canvas, frame: Frame, signals: Signals) -> None:
    """Skin, fat and the air behind the body."""
    depth = float(rng.uniform(22, 60)) + frame.v - np.float32(rng.uniform(0, 0.004)) * frame.u**2
    canvas.paint(depth - np.float32(rng.uniform(2, 12)), signals.fat, is_fat=True)
    canvas.paint(depth, signals.air)


def _paint_distractors(
    rng: np.random.Generator, lattice: Lattice, canvas: Canvas, frame: Frame, settings: SyntheticSettings
) -> None:
    """Paint tubes (vessels, airway) and balls (nodes, joints, vertebral bodies) beside the canal."""
    for _ in range(int(rng.integers(0, settings.distractors + 1))):
        radius_mm = float(np.exp(rng.uniform(np.log(1.2), np.log(13))))
        if rng.uniform() < 0.6:
            distance = _tube_distance(rng, frame, radius_mm)
        else:
            distance = _ball_distance(rng, lattice, radius_mm)
        if rng.uniform() < 0.4:
            canvas.paint(distance - np.float32(rng.uniform(0.5, 2.0)), float(rng.uniform(0.02, 1)))
        # Flowing blood and fat beside a coil outshine everything else.
        brightest = 3.0 if rng.uniform() < 0.1 else 1.0
        canvas.paint(distance, float(rng.uniform(0.02, brightest)))


def _tube_distance(rng: np.random.Generator, frame: Frame, radius_mm: float) -> Float32:
    """Distance to a tube that runs roughly along the spine, or in any direction."""
    angle, away_mm = rng.uniform(0, 2 * np.pi), rng.uniform(12, 45) + radius_mm
    slope = rng.normal(0, 0.3, 2) if rng.uniform() < 0.7 else rng.normal(0, 2.0, 2)
    u = frame.u - np.float32(away_mm * np.cos(angle)) - np.float32(slope[0]) * frame.s
    v = frame.v - np.float32(away_mm * np.sin(angle)) - np.float32(slope[1]) * frame.s
    u, v = u / np.float32(np.hypot(1, slope[0])), v / np.float32(np.hypot(1, slope[1]))
    return ellipse_distance(u, v, radius_mm, radius_mm * float(rng.uniform(0.6, 1)))


def _ball_distance(rng: np.random.Generator, lattice: Lattice, radius_mm: float) -> Float32:
    axes = []
    for n in lattice.shape:
        centre, stretch = rng.uniform(-n / 2, n / 2), rng.uniform(0.6, 1.6)
        axes.append(((np.arange(n) - (n - 1) / 2 - centre) / (radius_mm * stretch)) ** 2)
    x, y, z = (axis.astype(np.float32) for axis in axes)
    unit = np.sqrt(x[:, None, None] + y[None, :, None] + z[None, None, :])
    distance: Float32 = (unit - 1) * np.float32(radius_mm)
    return distance
