"""In-plane rotation between two cord sections, from their principal axes in millimetres."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.gt.grid import Array, CordMask, Grid, apply_affine, inverse
from softcord.gt.settings import GtSettings

# Below this (long axis² - short axis²) / (their sum) a section is too round to have a direction.
MIN_ANISOTROPY = 0.1
# A neck does not turn further between two scans; principal axes that differ by more were confused.
MAX_ANGLE_RAD = np.deg2rad(45)
# Slices that lie further from the smooth course than this many median deviations are left out of it.
OUTLIER = 3.0


def slice_rotation(
    fixed: CordMask,
    moving: CordMask,
    frame: Grid,
    is_matched: npt.NDArray[np.bool_],
    settings: GtSettings,
) -> Array:
    """Return the angle that turns each slice of ``fixed`` onto ``moving``, radians, shape (k,).

    A section's direction is written as a complex number whose angle is twice that of its long axis (so that a
    half turn changes nothing) and whose length says how elongated it is. In a sum along S-I round sections
    thus weigh next to nothing; slices off the smooth course are left out in a second pass. Where even the
    sum has no direction the angle is 0.
    """
    sigma = settings.rotation_smoothing_mm / frame.spacing_mm[2]
    direction = _directions(moving, frame) * np.conj(_directions(fixed, frame))
    weight = is_matched.astype(float)
    smooth = _smooth_course(direction, weight, sigma)
    off = np.abs(np.angle(direction * np.conj(smooth)))
    typical = np.median(off[is_matched])
    weight = weight * (off <= OUTLIER * typical + 1e-3)
    smooth = _smooth_course(direction, weight, sigma)
    angle = np.angle(smooth) / 2
    is_known = (np.abs(smooth) >= MIN_ANISOTROPY**2) & (np.abs(angle) <= MAX_ANGLE_RAD)
    return np.where(is_known, angle, 0.0)


def _directions(mask: CordMask, frame: Grid) -> npt.NDArray[np.complex128]:
    """Return the direction and elongation of the cord in each slice of ``frame``, complex, shape (k,).

    Moments are taken in the mask's own slices, seen along the frame's S-I axis in millimetres: interpolation
    would widen sections along large pixels, and turn them.
    """
    voxels = np.argwhere(mask.values > 0).T
    own_slice = voxels[2]
    x, y, at = apply_affine(
        inverse(frame.affine) @ mask.grid.affine, (voxels + mask.origin[:, None]).astype(float)
    )
    x, y = x * frame.spacing_mm[0], y * frame.spacing_mm[1]
    mass = mask.values[tuple(voxels)].astype(float)
    total = np.bincount(own_slice, mass)
    filled = total > 0

    def mean(values: Array) -> Array:
        return np.asarray(np.bincount(own_slice, mass * values) / np.where(filled, total, 1))

    dx, dy = x - mean(x)[own_slice], y - mean(y)[own_slice]
    xx, yy, xy = mean(dx * dx)[filled], mean(dy * dy)[filled], mean(dx * dy)[filled]
    direction = (xx - yy + 2j * xy) / np.where(xx + yy > 0, xx + yy, 1)
    slices, known = np.arange(frame.shape[2]), mean(at)[filled]
    return np.interp(slices, known, direction.real) + 1j * np.interp(slices, known, direction.imag)


def _smooth_course(
    direction: npt.NDArray[np.complex128], weight: Array, sigma: float
) -> npt.NDArray[np.complex128]:
    """Smooth along S-I, then add back what that took away, smoothed: a steady twist stays."""
    smooth = _smooth(direction, weight, sigma)
    return smooth + _smooth(direction - smooth, weight, sigma)


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
