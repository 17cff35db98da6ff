"""Scan a drawn signal: resolution, slices, shading, noise and what goes wrong."""

from dataclasses import dataclass

import numpy as np
import torch

from softcord.synthetic.artefacts import SliceMotion, draw_slice_motion, fall_off
from softcord.synthetic.canvas import Canvas
from softcord.synthetic.lattice import Float32, Lattice, Shape, apply_along_axes
from softcord.synthetic.settings import SyntheticSettings

Weights = tuple[Float32, Float32, Float32]


@dataclass(frozen=True)
class Sampling:
    """How 1 mm voxels become the scanner's own, and these 1 mm voxels again: a matrix for each axis."""

    to_native: Weights
    to_grid: Weights
    slice_mm: float = 1.0  # thickness along S-I
    motion: SliceMotion | None = None

    def native(self, volume: Float32) -> Float32:
        """Return what the scanner's own voxels hold: averages, where the body lies as each slice is taken."""
        native = apply_along_axes(volume, self.to_native)
        return native if self.motion is None else self.motion.move(native)

    def of_mask(self, softseg: Float32) -> Float32:
        """Return a soft mask as it is after the same averaging over voxels and interpolation."""
        native = self.native(softseg)
        return np.clip(apply_along_axes(native, self.to_grid), 0, 1)


def draw_sampling(rng: np.random.Generator, shape: Shape, settings: SyntheticSettings) -> Sampling:
    """Draw voxel sizes: isotropic, or slices along any axis, most often axial."""
    low, high = settings.in_plane_mm
    in_plane_mm = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    spacing = np.full(3, in_plane_mm)
    thickness = spacing.copy()
    if rng.uniform() < settings.thick_slices:
        axis = int(rng.choice(3, p=[0.2, 0.1, 0.7]))
        thinnest, thickest = settings.slice_mm
        thickest = thickest if axis == 2 else max(thinnest, min(thickest, settings.upright_slice_mm))
        thickness[axis] = float(np.exp(rng.uniform(np.log(thinnest), np.log(thickest))))
        has_gap = rng.uniform() < 0.3
        spacing[axis] = thickness[axis] * (1 + (rng.uniform(0, settings.slice_gap) if has_gap else 0))
    pairs = [_axis(rng, n, mm, thick) for n, mm, thick in zip(shape, spacing, thickness, strict=True)]
    to_native, to_grid = zip(*pairs, strict=True)
    n_slices = len(to_native[2])
    # Slices are taken one after the other where they are thick.
    is_moved = n_slices < shape[2] and rng.uniform() < settings.slice_motion
    return Sampling(
        to_native, to_grid, float(thickness[2]), draw_slice_motion(rng, n_slices) if is_moved else None
    )


def _axis(
    rng: np.random.Generator, n: int, spacing_mm: float, thickness_mm: float
) -> tuple[Float32, Float32]:
    """Return the matrices to native voxels and back along one axis."""
    if spacing_mm <= 1.05:
        # Voxels of 1 mm and less are rendered as 1 mm: that is what they are averaged to before training.
        return np.eye(n, dtype=np.float32), np.eye(n, dtype=np.float32)
    count = max(1, int(np.ceil(n / spacing_mm)))
    centres = (np.arange(count) - (count - 1) / 2) * spacing_mm + rng.uniform(-0.5, 0.5) * (spacing_mm - 1)
    voxels = np.arange(n) - (n - 1) / 2
    overlap = np.clip((thickness_mm + 1) / 2 - np.abs(centres[:, None] - voxels), 0, min(1.0, thickness_mm))
    empty = overlap.sum(axis=1) < 1e-3
    overlap[empty, np.abs(centres[empty, None] - voxels).argmin(axis=1)] = 1
    to_native = (overlap / overlap.sum(axis=1, keepdims=True)).astype(np.float32)
    # Linear interpolation between slice centres, the last slice repeated beyond the ends.
    position = np.clip((voxels - centres[0]) / spacing_mm, 0, count - 1)
    to_grid = np.clip(1 - np.abs(position[:, None] - np.arange(count)), 0, None).astype(np.float32)
    return to_native, to_grid


def acquire(
    rng: np.random.Generator,
    canvas: Canvas,
    lattice: Lattice,
    sampling: Sampling,
    cue: float,
    settings: SyntheticSettings,
) -> Float32:
    """Return the image of a drawn signal on the 1 mm grid.

    ``cue`` is the difference that tells the cord apart: the noise is kept from drowning it.
    """
    signal = canvas.signal
    if canvas.fat is not None:
        signal = _shift_fat(rng, signal, canvas.fat)
    signal = _texture(rng, signal, settings)
    if rng.uniform() < settings.dropout:
        signal = _drop(rng, signal, lattice)
    signal = _shade(rng, signal, settings)
    if rng.uniform() < settings.coil_falloff:
        signal = fall_off(rng, signal)
    native = sampling.native(signal)
    if sampling.motion is not None:
        native = native * sampling.motion.brightness
    if rng.uniform() < settings.ghosting:
        native = _ghost(rng, native)
    native = _rician(rng, native, cue, settings)
    image = apply_along_axes(native, sampling.to_grid)
    if rng.uniform() < settings.sharpening:
        image = _sharpen(rng, image)
    exponent = settings.gamma.draw(rng)
    if exponent is not None:
        image = settings.gamma.apply(torch.from_numpy(image), exponent).numpy()
    return image


def _shift_fat(rng: np.random.Generator, signal: Float32, fat: Float32) -> Float32:
    """Chemical shift: fat appears a millimetre or two beside its place."""
    shift, axis = int(rng.choice([-2, -1, 1, 2])), int(rng.integers(0, 3))
    shifted: Float32 = np.maximum(signal - fat + np.roll(fat, shift, axis), 0)
    return shifted


def _texture(rng: np.random.Generator, signal: Float32, settings: SyntheticSettings) -> Float32:
    """Tissue is not uniform: noise of the size of a voxel or two, in proportion to the signal."""
    amplitude = np.float32(rng.uniform(*settings.texture))
    noise = rng.standard_normal(signal.shape, dtype=np.float32)
    if rng.uniform() < 0.5:
        neighbours = [np.roll(noise, 1, axis) for axis in range(3)]
        noise = (noise + neighbours[0] + neighbours[1] + neighbours[2]) * np.float32(0.5)
    textured: Float32 = signal * np.maximum(1 + amplitude * noise, 0)
    return textured


def _drop(rng: np.random.Generator, signal: Float32, lattice: Lattice) -> Float32:
    """Susceptibility: signal lost in clouds, as near metal, air and bone."""
    cloud = lattice.fine(lattice.smooth_noise(rng, float(rng.uniform(6, 15))))
    lost = np.clip(cloud - np.float32(rng.uniform(1.2, 2.2)), 0, 1) * np.float32(rng.uniform(0.5, 1.0))
    dimmed: Float32 = signal * (1 - lost)
    return dimmed


def _shade(rng: np.random.Generator, signal: Float32, settings: SyntheticSettings) -> Float32:
    coefficients = settings.bias_field.draw(rng)
    if coefficients is None:
        return signal
    shaded: Float32 = settings.bias_field.apply(torch.from_numpy(signal), coefficients).numpy()
    return shaded


def _ghost(rng: np.random.Generator, native: Float32) -> Float32:
    """Copies of the image along the phase axis, from motion or flow."""
    axis = int(rng.integers(0, 2))
    shift = int(rng.integers(4, max(5, native.shape[axis] // 2)))
    strength = np.float32(0.5 * rng.uniform(0.03, 0.15))
    ghosted: Float32 = native + strength * (np.roll(native, shift, axis) + np.roll(native, -shift, axis))
    return ghosted


def _rician(rng: np.random.Generator, native: Float32, cue: float, settings: SyntheticSettings) -> Float32:
    deviation = np.float32(min(np.exp(rng.uniform(*np.log(settings.noise))), settings.noise_share * cue))
    real = native + deviation * rng.standard_normal(native.shape, dtype=np.float32)
    imaginary = deviation * rng.standard_normal(native.shape, dtype=np.float32)
    magnitude: Float32 = np.hypot(real, imaginary)
    return magnitude


def _sharpen(rng: np.random.Generator, image: Float32) -> Float32:
    """Overshoot at edges, as filters of scanners and spline interpolation leave it."""
    blurred = image
    for axis in (0, 1):
        beside = np.roll(blurred, 1, axis) + np.roll(blurred, -1, axis)
        blurred = blurred * np.float32(0.5) + beside * np.float32(0.25)
    sharpened: Float32 = np.maximum(image + np.float32(rng.uniform(0.3, 1.0)) * (image - blurred), 0)
    return sharpened


def mask_fov(
    rng: np.random.Generator, image: Float32, softseg: Float32, settings: SyntheticSettings
) -> tuple[Float32, Float32]:
    """Cut image and mask at a smaller field of view; black, or the image's lowest value, lies beyond it."""
    if rng.uniform() >= settings.masked_fov:
        return image, softseg
    kept = np.zeros(image.shape, np.float32)
    kept[tuple(_extent(rng, n, settings.smallest_fov_mm) for n in image.shape)] = 1
    beyond = np.float32(image.min() if rng.uniform() < 0.5 else 0.0)
    return image * kept + beyond * (1 - kept), softseg * kept


def _extent(rng: np.random.Generator, n: int, smallest: float) -> slice:
    if rng.uniform() < 0.35:
        return slice(0, n)
    length = int(rng.uniform(min(smallest, n), n))
    # In the middle, as padding puts small images, or cut at one side, as at an image's edge.
    start = (n - length) // 2 if rng.uniform() < 0.5 else int(rng.choice([0, n - length]))
    return slice(start, start + length)
