"""What goes wrong in parts of a scan: coils that end, metal, EPI's distortion, motion between slices."""

from dataclasses import dataclass

import numpy as np

from softcord.synthetic.lattice import Float32, Lattice

_AP = 1


def fall_off(rng: np.random.Generator, signal: Float32) -> Float32:
    """Dim the signal along the spine: towards an end of the coils, or between two of them."""
    n = signal.shape[2]
    z = np.arange(n, dtype=np.float32) - np.float32(rng.uniform(0, n))
    width_mm = np.float32(np.exp(rng.uniform(np.log(8), np.log(50))))
    least = np.float32(np.exp(rng.uniform(np.log(0.15), np.log(0.7))))
    if rng.uniform() < 0.3:
        covered = 1 - np.exp(-np.square(z / width_mm))
    else:
        covered = 1 / (1 + np.exp(-float(rng.choice([-1, 1])) * 2 * z / width_mm))
    dimmed: Float32 = signal * (least + (1 - least) * covered).astype(np.float32)
    return dimmed


def metal_void(rng: np.random.Generator, signal: Float32, softseg: Float32) -> Float32:
    """Blacken a ball about an implant, its rim bright; it reaches the cord's edge at most."""
    places = [np.arange(n, dtype=np.float32) for n in signal.shape]
    centre = np.array([rng.uniform(0, n) for n in signal.shape])
    stretch = rng.uniform(0.7, 1.5, 3)
    x, y, z = (np.square((at - c) / s) for at, c, s in zip(places, centre, stretch, strict=True))
    distance = np.sqrt(x[:, None, None] + y[None, :, None] + z[None, None, :]).astype(np.float32)
    radius_mm = float(rng.uniform(4, 18))
    cord = distance[softseg > 0.5]
    if cord.size:
        # Implants lie in bone: what reaches the cord is the void's rim.
        radius_mm = min(radius_mm, float(np.percentile(cord, 3)))
    outside = distance - np.float32(radius_mm)
    rim = np.exp(-np.square((outside - 1) / 1.2)) * np.float32(rng.uniform(0, 1.2))
    voided: Float32 = signal * np.clip(0.5 + outside / 2, 0.02, 1) * (1 + rim)
    return voided


def distort(
    rng: np.random.Generator, lattice: Lattice, signal: Float32, softseg: Float32
) -> tuple[Float32, Float32]:
    """Displace image and mask along A-P, as EPI does in an uneven field; signal piles up or thins out."""
    scale_mm, strength_mm = float(rng.uniform(9, 22)), float(rng.uniform(0.5, 3.0))
    shift = lattice.fine(lattice.smooth_noise(rng, scale_mm)) * np.float32(strength_mm)
    n = signal.shape[_AP]
    source = np.clip(np.arange(n, dtype=np.float32)[None, :, None] + shift, 0, n - 1)
    below = np.minimum(source.astype(np.intp), n - 2)
    rest = source - below.astype(np.float32)

    def moved(volume: Float32) -> Float32:
        low, high = (np.take_along_axis(volume, below + step, _AP) for step in (0, 1))
        result: Float32 = low + rest * (high - low)
        return result

    density = np.clip(1 + np.gradient(shift, axis=_AP), 0.4, 1.8).astype(np.float32)
    return moved(signal) * density, moved(softseg)


@dataclass(frozen=True)
class SliceMotion:
    """How each axial slice lies aside (R-L, A-P, in voxels) of where it should, and how bright it is."""

    aside: Float32
    brightness: Float32

    def move(self, native: Float32) -> Float32:
        """Return slices moved aside, by linear interpolation."""
        moved = np.empty_like(native)
        for k, aside in enumerate(self.aside):
            part = native[:, :, k]
            for axis, shift in enumerate(aside):
                whole = int(np.floor(shift))
                rest = np.float32(shift - whole)
                part = (1 - rest) * np.roll(part, whole, axis) + rest * np.roll(part, whole + 1, axis)
            moved[:, :, k] = part
        return moved


def draw_slice_motion(rng: np.random.Generator, n_slices: int) -> SliceMotion:
    """Draw motion between slices: a slow drift, jumps of a few, and interleaved slices unequally bright."""
    drift = np.cumsum(rng.normal(0, 0.25, (n_slices, 2)), axis=0)
    jumps = rng.normal(0, 0.8, (n_slices, 2)) * (rng.uniform(size=(n_slices, 1)) < 0.25)
    aside = np.clip(drift - drift.mean(axis=0) + jumps, -2.5, 2.5)
    brightness = np.exp(rng.uniform(0, 0.12) * rng.standard_normal(n_slices))
    brightness[::2] *= rng.uniform(0.85, 1.1)
    return SliceMotion(aside.astype(np.float32), brightness.astype(np.float32))
