"""From a noise-free image to what the scanner stores: receive field, Rician noise, MP2RAGE's ratio."""

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]


def acquire(rng: np.random.Generator, image: Float32, bias_field: float, noise: float) -> Float32:
    """Add a receive field and Rician noise of standard deviation ``noise`` (in the image's own unit)."""
    image = image * _receive_field(rng, image.shape, bias_field)
    real = image + noise * rng.standard_normal(image.shape, dtype=np.float32)
    imaginary = noise * rng.standard_normal(image.shape, dtype=np.float32)
    return np.asarray(np.hypot(real, imaginary), dtype=np.float32)


def acquire_uni(rng: np.random.Generator, uni: Float32, noise: float, strength: Float32) -> Float32:
    """Return what MP2RAGE makes of a noise-free UNI image (0..1) whose two images have noise.

    UNI = Re(S1* S2) / (|S1|² + |S2|²), shifted to 0..1 (Marques et al. 2010). The receive field cancels;
    where ``strength`` is low nothing but noise is left, over the whole range. ``noise`` is the standard
    deviation in S1 and S2 where the strength is 1.
    """
    angle = 0.5 * np.arcsin(np.clip(2 * uni - 1, -1, 1))
    first, second = (strength * part for part in (np.sin(angle), np.cos(angle)))
    draws = noise * rng.standard_normal((4, *uni.shape), dtype=np.float32)
    s1, s2 = first + draws[0] + 1j * draws[1], second + draws[2] + 1j * draws[3]
    power = np.maximum(np.abs(s1) ** 2 + np.abs(s2) ** 2, np.finfo(np.float32).tiny)
    return np.asarray(0.5 + (s1.conj() * s2).real / power, dtype=np.float32)


def clipped_normal(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> npt.NDArray[np.float64]:
    """Draw from a normal distribution, none beyond 2.5 standard deviations."""
    return sd * np.clip(rng.standard_normal(shape), -2.5, 2.5)


def _receive_field(rng: np.random.Generator, shape: tuple[int, ...], sd: float) -> Float32:
    """Smooth field around 1, brighter at the back, where the coil lies."""
    axes = [np.linspace(-1, 1, n, dtype=np.float32) for n in shape]
    x, y, z = np.meshgrid(*axes, indexing="ij", sparse=True)
    c = clipped_normal(rng, (6,), sd).astype(np.float32)
    log_field = c[0] * x + (c[1] - sd) * y + c[2] * z + 0.5 * (c[3] * x * y + c[4] * y * z + c[5] * z * z)
    return np.asarray(np.exp(log_field), dtype=np.float32)
