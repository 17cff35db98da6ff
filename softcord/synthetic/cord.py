"""The cord's outline and the exact share of each voxel that it fills."""

import numpy as np

from softcord.phantom.scan import coverage
from softcord.phantom.tissues import ellipse_distance
from softcord.synthetic.lattice import Float32, Indices
from softcord.synthetic.pose import Frame
from softcord.synthetic.spine import Spine, table_row

_SUBSAMPLES = 3
_BORDER_MM = (
    1.3  # farther from the outline than this, a voxel of 1 mm is all cord or none, also where it is bent
)


def outline_distance(spine: Spine, u: Float32, v: Float32, s: Float32) -> Float32:
    """Signed distance in mm to the cord's outline and ends, negative inside; equal shapes."""
    row = table_row(s)
    a, b = spine.a[row], spine.b[row]
    distance = ellipse_distance(u, v, a, b)
    # cos and sin of the angle around the cord, and of its multiples by the addition theorem.
    cosine, sine = u / a, v / b
    unit = 1 / np.maximum(np.hypot(cosine, sine), 1e-3)
    cosine, sine = cosine * unit, sine * unit
    c, d = cosine, sine
    for wave in spine.waves:
        c, d = c * cosine - d * sine, d * cosine + c * sine
        distance = distance - wave[0][row] * c - wave[1][row] * d
    if np.isfinite(spine.cord_from_mm):
        distance = np.maximum(distance, spine.cord_from_mm - s)
    if np.isfinite(spine.cord_to_mm):
        distance = np.maximum(distance, s - spine.cord_to_mm)
    return np.asarray(distance, dtype=np.float32)


def partial_volume(spine: Spine, frame: Frame, near: Indices) -> Float32:
    """Return the share of each voxel that the cord fills, in [0, 1].

    ``near`` are the flat indices of the voxels around the cord. Border voxels are summed up over 27 places,
    to which the frame is continued by its own slope.
    """
    u, v, s = (part.ravel()[near] for part in (frame.u, frame.v, frame.s))
    distance = outline_distance(spine, u, v, s)
    share = (distance < 0).astype(np.float32)
    at_border = np.nonzero(np.abs(distance) < _BORDER_MM)[0]
    border = near[at_border]
    offsets = np.stack([_offsets(axis) for axis in range(3)])
    places = [
        part.ravel()[border][:, None] + _slopes(part, border).T @ offsets
        for part in (frame.u, frame.v, frame.s)
    ]
    share[at_border] = coverage(outline_distance(spine, *places), 1 / _SUBSAMPLES).mean(axis=1)
    softseg = np.zeros(frame.u.shape, np.float32)
    softseg.reshape(-1)[near] = share
    return softseg


def _offsets(axis: int) -> Float32:
    line = ((np.arange(_SUBSAMPLES) + 0.5) / _SUBSAMPLES - 0.5).astype(np.float32)
    offsets: Float32 = np.meshgrid(line, line, line, indexing="ij")[axis].ravel()
    return offsets


def _slopes(field: Float32, voxels: Indices) -> Float32:
    """Return the change of a field per voxel along each axis, shape (3, voxels)."""
    slopes = []
    places = np.unravel_index(voxels, field.shape)
    flat = field.ravel()
    for axis, n in enumerate(field.shape):
        step = int(np.prod(field.shape[axis + 1 :]))
        # At the patch's edge the difference is one-sided.
        before, after = places[axis] > 0, places[axis] < n - 1
        rise = flat[voxels + step * after] - flat[voxels - step * before]
        slopes.append(rise / (before.astype(np.float32) + after))
    return np.stack(slopes)
