"""The cord's centreline: a smooth curve through the centres of the slices, and how much it leans."""

from dataclasses import dataclass
from math import ceil

import numpy as np
import numpy.typing as npt
from scipy.interpolate import BSpline, splev, splrep

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

# Swings of the centreline over fewer millimetres than about 2 pi times this are taken for noise: the
# jitter of interleaved slices goes, the curves of a neck stay (docs/measure.md has the evidence).
SMOOTHING_MM = 8.0
SCT_SMOOTHING = 30.0
# A slice this many times the usual distance (and more than a pixel) off the curve has no say in it.
OUTLIER_SDS = 6.0
ROBUST_FITS = 5
_MAD_TO_SD = 1.4826


@dataclass(frozen=True)
class Centreline:
    """A centreline through the slices ``first``, ``first + 1``, ... of an RPI volume.

    ``x`` and ``y`` are voxel indices (of sheared axes, the true places that
    :class:`softcord.measure.slices.SliceVoxels` has); ``slope_x`` and ``slope_y`` how far it moves to the
    left and to the front, in mm per mm upwards; all of shape (n,). ``outliers`` are slices whose centre is
    far off the curve.
    """

    first: int
    x: Floats
    y: Floats
    slope_x: Floats
    slope_y: Floats
    outliers: tuple[int, ...] = ()

    @property
    def slices(self) -> Ints:
        """The slice of each point."""
        return np.arange(self.first, self.first + len(self.x))

    @property
    def cosine(self) -> Floats:
        """Cosine of the angle between the cord and the slice's normal."""
        cosine: Floats = 1.0 / np.sqrt(1.0 + self.slope_x**2 + self.slope_y**2)
        return cosine

    @property
    def angle_ap_deg(self) -> Floats:
        """Rotation about the AP axis: positive where the cord leans to the left going up."""
        angle: Floats = np.degrees(np.arctan(self.slope_x))
        return angle

    @property
    def angle_rl_deg(self) -> Floats:
        """Rotation about the RL axis: positive where the cord leans to the front going up."""
        angle: Floats = np.degrees(np.arctan(self.slope_y))
        return angle


def smooth_centreline(
    slices: Ints,
    centres: Floats,
    weights: Floats,
    spacing_mm: tuple[float, float, float],
    smoothing_mm: float = SMOOTHING_MM,
) -> Centreline:
    """Fit the curve that is near the centres and changes its curvature little.

    Penalised B-splines: Σ w |centre - curve|² + L⁶/p ∫ |curve'''|² with L = ``smoothing_mm`` and p the
    slice distance. Lines and parabolas pass unchanged, and the curve depends on millimetres only, not on
    the voxel size.

    Args:
        slices: ascending indices of the slices that have a centre, shape (n,).
        centres: centres of mass (x, y) in voxels, shape (n, 2).
        weights: how far each is trusted, shape (n,), positive.
        spacing_mm: voxel size.
        smoothing_mm: greater than 0.
    """
    first, last = int(slices[0]), int(slices[-1])
    if first == last:
        return Centreline(first, centres[:, 0], centres[:, 1], np.zeros(1), np.zeros(1))
    pixel_mm, slice_mm = np.asarray(spacing_mm[:2]), spacing_mm[2]
    z_mm: Floats = (slices - first).astype(np.float64) * slice_mm
    points_mm = centres * pixel_mm
    far = _far(z_mm, points_mm, weights, spacing_mm, smoothing_mm)
    curve = _p_spline(z_mm, points_mm, np.where(far, 1e-6, weights), slice_mm, smoothing_mm)
    everywhere_mm: Floats = np.arange(last - first + 1, dtype=np.float64) * slice_mm
    x, y = (curve.at(everywhere_mm) / pixel_mm).T
    slope_x, slope_y = curve.slope(everywhere_mm).T
    return Centreline(first, x, y, slope_x, slope_y, tuple(int(z) for z in slices[far]))


def sct_centreline(
    slices: Ints, centres: Floats, spacing_mm: tuple[float, float, float], smooth: float = SCT_SMOOTHING
) -> Centreline:
    """Fit the centreline as SCT 7.3 does: a FITPACK smoothing spline per axis, in voxels.

    Its knots stop growing as soon as Σ residual² (voxel²) <= (n / N)² · smooth · slice distance / 3, with n
    slices that have a centre out of N.
    """
    first, last = int(slices[0]), int(slices[-1])
    everywhere = np.arange(last - first + 1)
    n = len(slices)
    if n == 1:
        return Centreline(first, centres[:, 0], centres[:, 1], np.zeros(1), np.zeros(1))
    target = (n / len(everywhere)) ** 2 * smooth * spacing_mm[2] / 3
    degree = 3 if n > 3 else 1
    # From a corner of the mask, so that where it lies in the volume does not touch the rounding.
    corner = np.floor(centres.min(axis=0))
    fits = [splrep(slices - first, centres[:, axis] - corner[axis], s=target, k=degree) for axis in (0, 1)]
    x, y = (np.asarray(splev(everywhere, fit)) + corner[axis] for axis, fit in enumerate(fits))
    slope_x, slope_y = (
        np.asarray(splev(everywhere, fit, der=1)) * spacing_mm[axis] / spacing_mm[2]
        for axis, fit in enumerate(fits)
    )
    return Centreline(first, x, y, slope_x, slope_y)


@dataclass(frozen=True)
class _Curve:
    """A cubic B-spline over z in steps of ``step_mm``."""

    spline: BSpline
    step_mm: float

    def at(self, z_mm: Floats) -> Floats:
        points: Floats = self.spline(z_mm / self.step_mm)
        return points

    def slope(self, z_mm: Floats) -> Floats:
        slope: Floats = self.spline(z_mm / self.step_mm, nu=1) / self.step_mm
        return slope


def _p_spline(
    z_mm: Floats, points_mm: Floats, weights: Floats, slice_mm: float, smoothing_mm: float
) -> _Curve:
    # Knots closer than the smoothing or the slices would only cost time.
    intervals = max(1, ceil(z_mm[-1] / max(smoothing_mm / 2, slice_mm)))
    step = z_mm[-1] / intervals
    knots = np.arange(-3.0, intervals + 4.0)
    design = BSpline.design_matrix(np.minimum(z_mm / step, intervals), knots, 3).toarray()
    # A parabola through fewer than five points would follow their noise.
    order = 3 if len(z_mm) >= 5 else 2
    rough = np.diff(np.eye(intervals + 3), order, axis=0)
    stiffness = smoothing_mm ** (2 * order) / (slice_mm * step ** (2 * order - 1))
    normal = design.T @ (weights[:, None] * design) + stiffness * rough.T @ rough
    coefficients = np.linalg.solve(normal, design.T @ (weights[:, None] * points_mm))
    return _Curve(BSpline(knots, coefficients, 3), step)


def _far(
    z_mm: Floats,
    points_mm: Floats,
    weights: Floats,
    spacing_mm: tuple[float, float, float],
    smoothing_mm: float,
) -> npt.NDArray[np.bool_]:
    """Tell which centres lie far off a curve that follows the majority (Cauchy weights, refitted)."""
    trusted, distance, usual = weights, np.zeros_like(z_mm), 1.0
    for _ in range(ROBUST_FITS):
        curve = _p_spline(z_mm, points_mm, trusted, spacing_mm[2], smoothing_mm)
        distance = np.linalg.norm(points_mm - curve.at(z_mm), axis=1)
        usual = max(_MAD_TO_SD * float(np.median(distance)), max(spacing_mm[:2]) / OUTLIER_SDS)
        trusted = weights / (1 + (distance / usual) ** 2)
    far: npt.NDArray[np.bool_] = distance > OUTLIER_SDS * usual
    return far
