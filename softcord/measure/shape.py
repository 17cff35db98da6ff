"""Shape of the cord's cross-section in the plane perpendicular to its centreline, slice by slice."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.spatial import ConvexHull, QhullError

from softcord.io.nifti import Volume
from softcord.measure.centreline import Centreline
from softcord.measure.csa import Mode, fit_centreline
from softcord.measure.slices import DUST, SliceVoxels, slice_voxels

Floats = npt.NDArray[np.float64]

# Width of the band through the middle over which the AP diameter is averaged, as in SCT since 7.2.
BAND_MM = 3.0
SHAPE_COLUMNS = (
    "diameter_ap_mm",
    "diameter_ap_ellipse_mm",
    "diameter_rl_mm",
    "length_anterior_mm",
    "length_posterior_mm",
    "eccentricity",
    "orientation_deg",
    "solidity",
)


def shape_per_slice(
    mask: Volume | SliceVoxels,
    *,
    mode: Mode = "soft",
    threshold: float = 0.5,
    smoothing_mm: float | None = None,
) -> pd.DataFrame:
    """Measure the shape of the cord's section in every slice.

    An ellipse with the mask's second moments: its axis nearer to right-left is diameter_rl_mm, the other
    diameter_ap_ellipse_mm; orientation_deg is the turn of the first out of the right-left axis, -45..45,
    positive where the left side is in front; eccentricity 0..1. diameter_ap_mm is the mean chord over a
    band 3 mm wide through the centre, the sum of length_anterior_mm and length_posterior_mm. solidity is
    the area inside the contour at ``threshold`` over that of its convex hull, 0..1.

    In mode "soft" each voxel counts by its value, and the width that partial volumes add to the moments is
    taken out; else what lies above ``threshold`` counts whole.

    Returns:
        A row per slice, inferior to superior: slice and SHAPE_COLUMNS; NaN in slices without cord.
    """
    every = slice_voxels(mask).above(DUST)
    voxels = every if mode == "soft" else every.binarised(threshold)
    rows = np.full((len(SHAPE_COLUMNS), voxels.shape[2]), np.nan)
    line = fit_centreline(voxels, "soft", smoothing_mm)
    if line is not None:
        rows[:-1] = _by_moments(voxels, line, partial_volumes=mode == "soft")
        rows[-1] = _solidity(every, threshold)
    return pd.DataFrame({"slice": np.arange(voxels.shape[2]), **dict(zip(SHAPE_COLUMNS, rows, strict=True))})


def _by_moments(voxels: SliceVoxels, line: Centreline, *, partial_volumes: bool) -> Floats:
    """All of SHAPE_COLUMNS but the last, shape (7, slices)."""
    across = _across(line, voxels.shape[2])
    u, v = np.einsum("nab,bn->an", across[voxels.z], _offsets_mm(voxels))
    spread = voxels.means(np.stack([u * u, u * v, v * v]))
    if partial_volumes:
        # A voxel's value is the mean over its width, which adds width²/12 (Sheppard's correction).
        sides_mm = np.array([[1.0, voxels.shear[0]], [0.0, 1.0]]) * np.array(voxels.spacing_mm[:2])[:, None]
        width = sides_mm @ sides_mm.T / 12
        spread -= (across @ width @ across.transpose(0, 2, 1))[:, [0, 0, 1], [0, 1, 1]].T
    turn, diameters_mm = _ellipse(spread)
    cosine, sine = np.cos(turn)[voxels.z], np.sin(turn)[voxels.z]
    halves_mm = _chords_mm(voxels, cosine * u + sine * v, cosine * v - sine * u, across)
    minor, major = np.sort(diameters_mm, axis=0)
    eccentricity = np.sqrt(1 - (minor / major) ** 2)
    rl_mm, ap_mm = diameters_mm
    return np.stack([halves_mm.sum(axis=0), ap_mm, rl_mm, *halves_mm, eccentricity, np.degrees(turn)])


def _offsets_mm(voxels: SliceVoxels) -> Floats:
    """Place of each voxel relative to its slice's centre of mass, shape (2, n)."""
    pixel_mm = np.array(voxels.spacing_mm[:2])[:, None]
    place_mm = np.stack([voxels.place_x, voxels.place_y]) * pixel_mm
    offsets_mm: Floats = place_mm - voxels.means(place_mm)[:, voxels.z]
    return offsets_mm


def _across(line: Centreline, slices: int) -> Floats:
    """Projection from each slice's plane to the plane across the cord, shape (slices, 2, 2).

    Its axes are right-left as far as the tilt allows, and the one perpendicular to it and to the cord.
    """
    cord = np.stack([line.slope_x, line.slope_y, np.ones_like(line.x)], axis=1)
    cord /= np.linalg.norm(cord, axis=1, keepdims=True)
    left = np.array([1.0, 0.0, 0.0]) - cord[:, :1] * cord
    left /= np.linalg.norm(left, axis=1, keepdims=True)
    front = np.cross(cord, left)
    across = np.full((slices, 2, 2), np.nan)
    across[line.slices] = np.stack([left[:, :2], front[:, :2]], axis=1)
    return across


def _ellipse(spread_mm2: Floats) -> tuple[Floats, Floats]:
    """Turn (radians, -pi/4..pi/4) and full axes (right-left, anterior-posterior) of covariance ellipses."""
    uu, uv, vv = spread_mm2
    wider = np.where(uu >= vv, 1.0, -1.0)
    turn = 0.5 * np.arctan2(2 * uv * wider, np.abs(uu - vv))
    half_gap = wider * np.hypot((uu - vv) / 2, uv)
    middle = (uu + vv) / 2
    # A single voxel has no width left after the correction.
    variances = np.maximum([middle + half_gap, middle - half_gap], 1e-12)
    return turn, 4 * np.sqrt(variances)


def _chords_mm(voxels: SliceVoxels, rl_mm: Floats, ap_mm: Floats, across: Floats) -> Floats:
    """Mean anterior and posterior half chord over the middle band, shape (2, slices)."""
    pixel_mm = np.sqrt(voxels.spacing_mm[0] * voxels.spacing_mm[1])
    cosine = across[:, 0, 0] * across[:, 1, 1] - across[:, 0, 1] * across[:, 1, 0]
    area_mm2 = voxels.value * pixel_mm**2 * cosine[voxels.z]
    # Voxels on the band's edges and on the midline count by the share that lies inside.
    band = np.clip((BAND_MM / 2 - np.abs(rl_mm)) / pixel_mm + 0.5, 0, 1)
    front = np.clip(ap_mm / pixel_mm + 0.5, 0, 1)
    halves = np.stack([voxels.per_slice(area_mm2 * band * side) for side in (front, 1 - front)])
    return np.where(voxels.total > 0, halves / BAND_MM, np.nan)


def _solidity(voxels: SliceVoxels, threshold: float) -> Floats:
    """Area inside the contour over its hull's; the contour is taken to be seen whole from its middle."""
    solidity = np.full(voxels.shape[2], np.nan)
    low = np.array([voxels.x.min(), voxels.y.min()]) - 1
    shape = np.array([voxels.x.max(), voxels.y.max()]) + 2 - low
    order = np.argsort(voxels.z, kind="stable")
    for chosen in np.split(order, np.flatnonzero(np.diff(voxels.z[order])) + 1):
        patch = np.zeros(shape)
        patch[voxels.x[chosen] - low[0], voxels.y[chosen] - low[1]] = voxels.value[chosen]
        points = _contour(patch - threshold) * voxels.spacing_mm[:2]
        if len(points) >= 3:
            solidity[voxels.z[chosen[0]]] = _filled_share(points)
    return solidity


def _contour(height: Floats) -> Floats:
    """Points where a patch crosses 0 between neighbours of a row or a column, shape (n, 2) in pixels."""
    points = []
    for axis in (0, 1):
        lower, upper = np.delete(height, -1, axis), np.delete(height, 0, axis)
        crossing = (lower > 0) != (upper > 0)
        place = np.argwhere(crossing).astype(np.float64)
        place[:, axis] += lower[crossing] / (lower[crossing] - upper[crossing])
        points.append(place)
    return np.concatenate(points)


def _filled_share(points: Floats) -> float:
    middle = points.mean(axis=0)
    around = points[np.argsort(np.arctan2(*(points - middle).T))]
    x, y = around.T
    area = 0.5 * abs(float(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1))))
    try:
        return area / float(ConvexHull(points).volume)
    except QhullError:  # all points on one line
        return float("nan")
