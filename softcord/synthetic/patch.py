"""Draw one patch: image and soft cord mask."""

import numpy as np

from softcord.synthetic.acquire import acquire, draw_sampling, mask_fov
from softcord.synthetic.artefacts import distort, metal_void
from softcord.synthetic.background import paint_background
from softcord.synthetic.canal import near_canal, paint_canal, paint_cord
from softcord.synthetic.canvas import Canvas
from softcord.synthetic.cord import partial_volume
from softcord.synthetic.lattice import Float32, Lattice, Shape
from softcord.synthetic.pose import draw_frame
from softcord.synthetic.settings import SyntheticSettings
from softcord.synthetic.signals import Signals, draw_signals
from softcord.synthetic.spine import draw_spine
from softcord.synthetic.vertebrae import paint_vertebrae


def draw_patch(
    rng: np.random.Generator, shape: Shape, settings: SyntheticSettings
) -> tuple[Float32, Float32]:
    """Return an image and its soft cord mask, float32 of ``shape`` (R-L, A-P, S-I in 1 mm voxels).

    The mask is the share of each voxel that the cord fills, averaged over thick slices as the image is, in
    [0, 1]; with ``soft_targets=false`` 0 or 1. All randomness comes from ``rng``.
    """
    lattice = Lattice(shape)
    sampling = draw_sampling(rng, shape, settings)
    signals = draw_signals(rng, settings)
    canvas = Canvas(np.full(shape, signals.air, np.float32))
    if rng.uniform() < settings.chemical_shift:
        canvas.fat = np.zeros(shape, np.float32)
    softseg = np.zeros(shape, np.float32)
    if rng.uniform() >= settings.empty:
        softseg = _paint_spine(rng, lattice, canvas, signals, settings, sampling.slice_mm)
    elif rng.uniform() >= settings.nothing:
        _paint_elsewhere(rng, lattice, canvas, signals, settings)
    if rng.uniform() < settings.epi_distortion:
        canvas.signal, softseg = distort(rng, lattice, canvas.signal, softseg)
        canvas.fat = None
    if rng.uniform() < settings.metal:
        canvas.signal, canvas.fat = metal_void(rng, canvas.signal, softseg), None
    image = acquire(rng, canvas, lattice, sampling, signals.cue, settings)
    image, softseg = mask_fov(rng, image, sampling.of_mask(softseg), settings)
    if not settings.soft_targets:
        softseg = (softseg > 0.5).astype(np.float32)
    return image, softseg


def _paint_spine(
    rng: np.random.Generator,
    lattice: Lattice,
    canvas: Canvas,
    signals: Signals,
    settings: SyntheticSettings,
    slice_mm: float,
) -> Float32:
    """Paint a spine with its cord over a background; return the share of each voxel that the cord fills."""
    frame = draw_frame(rng, lattice, settings, slice_mm)
    spine = draw_spine(rng, settings)
    paint_background(rng, lattice, canvas, frame, signals, settings)
    if rng.uniform() < settings.vertebrae:
        paint_vertebrae(rng, canvas, spine, frame, signals, has_canal=True)
    near = near_canal(spine, frame)
    softseg = partial_volume(spine, frame, near.voxels)
    part = canvas.cut(near.voxels)
    paint_canal(rng, part, spine, near, lattice, signals, settings)
    paint_cord(rng, part, spine, near, softseg, signals, settings)
    canvas.put(near.voxels, part)
    return softseg


def _paint_elsewhere(
    rng: np.random.Generator,
    lattice: Lattice,
    canvas: Canvas,
    signals: Signals,
    settings: SyntheticSettings,
) -> None:
    """Paint what is not the cord's surroundings, now and then with vertebrae beside the canal."""
    frame = draw_frame(rng, lattice, settings)
    paint_background(rng, lattice, canvas, frame, signals, settings)
    if rng.uniform() < 0.4 * settings.vertebrae:
        paint_vertebrae(rng, canvas, draw_spine(rng, settings), frame, signals, has_canal=False)
