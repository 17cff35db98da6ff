"""In-plane rotation between two cord sections, from their principal axes in millimetres."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.grid import Array
from softcord.gt.settings import GtSettings

# Below this (long axis² - short axis²) / (their sum) a section is too round to have a direction.
MIN_ANISOTROPY = 0.1
# A neck does not turn further between two scans; principal axes that differ by more were confused.
MAX_ANGLE_RAD = np.deg2rad(45)
# Slices that lie further from the smooth course than this many median deviations are left out of it.
OUTLIER = 3.0


def slice_rotation(
    fixed: Array,
    loose: Array,
    is_matched: npt.NDArray[np.bool_],
    spacing_mm: Array,
    settings: GtSettings,
) -> Array:
    """Return the angle that turns each slice of ``fixed`` onto ``loose``, radians, shape (k,).

    A section's direction is written as a complex number whose angle is twice that of its long axis (so that a
    half turn changes nothing) and whose length says how elongated it is. In a sum along S-I round sections
    thus weigh next to nothing; slices off the smooth course are left out in a second pass. Where even the
    sum has no direction the angle is 0.
    """
    direction = _direction(loose, spacing_mm) * np.conj(_direction(fixed, spacing_mm))
    weight = is_matched.astype(float)
    sigma = settings.rotation_smoothing_mm / spacing_mm[2]
    smooth = _smooth(direction, weight, sigma)
    off = np.abs(np.angle(direction * np.conj(smooth)))
    typical = np.median(off[is_matched])
    smooth = _smooth(direction, weight * (off <= OUTLIER * typical + 1e-3), sigma)
    angle = np.angle(smooth) / 2
    is_known = (np.abs(smooth) >= MIN_ANISOTROPY**2) & (np.abs(angle) <= MAX_ANGLE_RAD)
    return np.where(is_known, angle, 0.0)


def _direction(values: Array, spacing_mm: Array) -> npt.NDArray[np.complex128]:
    """Return each slice's direction and elongation as a complex number, shape (k,); 0 for an empty slice."""
    x = np.arange(values.shape[0])[:, None, None] * spacing_mm[0]
    y = np.arange(values.shape[1])[None, :, None] * spacing_mm[1]
    mass = values.sum(axis=(0, 1))
    mass = np.where(mass > 0, mass, 1)

    def mean(product: Array) -> Array:
        total: Array = (values * product).sum(axis=(0, 1)) / mass
        return total

    dx, dy = x - mean(x), y - mean(y)
    xx, yy, xy = mean(dx * dx), mean(dy * dy), mean(dx * dy)
    return np.asarray((xx - yy + 2j * xy) / np.where(xx + yy > 0, xx + yy, 1))


def _smooth(direction: npt.NDArray[np.complex128], weight: Array, sigma: float) -> npt.NDArray[np.complex128]:
    """Return the weighted mean along S-I; beyond the weighted slices the nearest ones' value."""

    def blur(values: Array) -> Array:
        if sigma == 0:
            return values
        blurred: Array = ndimage.gaussian_filter1d(values, sigma, mode="constant", truncate=6)
        return blurred

    total = blur(weight)
    smooth = blur(direction.real * weight) + 1j * blur(direction.imag * weight)
    known = np.flatnonzero(total > 1e-6)
    slices = np.arange(weight.size)
    ratio = smooth[known] / total[known]
    return np.interp(slices, known, ratio.real) + 1j * np.interp(slices, known, ratio.imag)
