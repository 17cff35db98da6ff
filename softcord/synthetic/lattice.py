"""Smooth fields over a patch: computed every second millimetre, upsampled as three matrix products."""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

Float32 = npt.NDArray[np.float32]
Indices = npt.NDArray[np.intp]
Shape = tuple[int, int, int]

_COARSE_MM = 2.0


@dataclass(frozen=True)
class Lattice:
    """A patch of 1 mm voxels and the coarse points whose corners are those of the patch.

    Coordinates are millimetres from the patch's middle: x along R-L, y along P-A, z along I-S.
    """

    shape: Shape

    @property
    def coarse_shape(self) -> Shape:
        """Number of coarse points along each axis."""
        x, y, z = (_count(n) for n in self.shape)
        return x, y, z

    def coarse_points(self) -> tuple[Float32, Float32, Float32]:
        """Return x, y, z of the coarse points, to be broadcast against each other."""
        x, y, z = (_positions(n) for n in self.shape)
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def fine(self, coarse: Float32) -> Float32:
        """Return a field at every voxel from its values at the coarse points (linear)."""
        return apply_along_axes(coarse, tuple(_upsampling(n) for n in self.shape))

    def smooth_noise(self, rng: np.random.Generator, scale_mm: float) -> Float32:
        """Return noise at the coarse points: mean 0, variance 1, correlated over about ``scale_mm``."""
        weights = tuple(_spreading(n, scale_mm) for n in self.shape)
        knots = rng.standard_normal([matrix.shape[1] for matrix in weights], dtype=np.float32)
        return apply_along_axes(knots, weights)


def apply_along_axes(volume: Float32, weights: tuple[Float32, ...]) -> Float32:
    """Apply a matrix (out, in) along each of the three axes."""
    first, second, third = weights
    volume = np.matmul(second, np.matmul(volume, third.T))
    result = first @ volume.reshape(len(volume), -1)
    return result.reshape(len(first), len(second), len(third))


def smooth_curve(rng: np.random.Generator, s_mm: Float32, scale_mm: float) -> Float32:
    """Return noise along a line: mean 0, variance 1, correlated over about ``scale_mm``."""
    knots = np.arange(s_mm[0] - 3 * scale_mm, s_mm[-1] + 3 * scale_mm, scale_mm, dtype=np.float32)
    curve: Float32 = _bells(s_mm, knots, scale_mm) @ rng.standard_normal(len(knots), dtype=np.float32)
    return curve


def _count(n: int) -> int:
    return max(2, math.ceil((n - 1) / _COARSE_MM) + 1)


def _positions(n: int) -> Float32:
    return np.linspace(-(n - 1) / 2, (n - 1) / 2, _count(n), dtype=np.float32)


@cache
def _upsampling(n: int) -> Float32:
    coarse = _positions(n)
    voxels = np.arange(n, dtype=np.float32) - (n - 1) / 2
    distance = np.abs(voxels[:, None] - coarse) / (coarse[1] - coarse[0])
    weights: Float32 = np.clip(1 - distance, 0, None).astype(np.float32)
    return weights


def _spreading(n: int, scale_mm: float) -> Float32:
    positions = _positions(n)
    knots = np.arange(positions[0] - 2 * scale_mm, positions[-1] + 2 * scale_mm, scale_mm, dtype=np.float32)
    return _bells(positions, knots, scale_mm)


def _bells(at: Float32, knots: Float32, scale_mm: float) -> Float32:
    """Gaussian bumps around each knot; rows have length 1, so that white noise keeps its variance."""
    weights = np.exp(-(((at[:, None] - knots) / scale_mm) ** 2))
    bells: Float32 = (weights / np.sqrt((weights**2).sum(axis=1, keepdims=True))).astype(np.float32)
    return bells
