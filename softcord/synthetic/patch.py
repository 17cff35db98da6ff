"""Draw one patch: image and soft cord mask."""

import numpy as np

from softcord.synthetic.acquire import acquire, draw_sampling, mask_fov
from softcord.synthetic.background import draw_background, paint_distractors
from softcord.synthetic.canal import near_canal, paint_canal, paint_cord
from softcord.synthetic.canvas import Canvas
from softcord.synthetic.cord import partial_volume
from softcord.synthetic.lattice import Float32, Lattice, Shape
from softcord.synthetic.pose import draw_frame
from softcord.synthetic.settings import SyntheticSettings
from softcord.synthetic.signals import draw_signals
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
    frame = draw_frame(rng, lattice, settings)
    spine = draw_spine(rng, settings)
    signals = draw_signals(rng, settings)
    has_cord = rng.uniform() >= settings.empty
    canvas = Canvas(draw_background(rng, lattice, frame, signals, settings))
    if rng.uniform() < settings.chemical_shift:
        canvas.fat = np.zeros(shape, np.float32)
    paint_distractors(rng, lattice, canvas, frame, settings)
    if rng.uniform() < settings.vertebrae * (1.0 if has_cord else 0.4):
        paint_vertebrae(rng, canvas, spine, frame, signals, has_canal=has_cord)
    softseg = np.zeros(shape, np.float32)
    if has_cord:
        near = near_canal(spine, frame)
        softseg = partial_volume(spine, frame, near.voxels)
        part = canvas.cut(near.voxels)
        paint_canal(rng, part, spine, near, lattice, signals, settings)
        paint_cord(rng, part, spine, near, softseg, signals, settings)
        canvas.put(near.voxels, part)
    sampling = draw_sampling(rng, shape, settings)
    image = acquire(rng, canvas, lattice, sampling, signals.difference, settings)
    image, softseg = mask_fov(rng, image, sampling.of_mask(softseg), settings)
    if not settings.soft_targets:
        softseg = (softseg > 0.5).astype(np.float32)
    return image, softseg
