"""Analytic cords with known truth."""

from collections.abc import Callable

import numpy as np
import pytest

from softcord.io.nifti import Volume

SEMI_AXES_MM = (6.5, 4.0)


def make_cord(
    shape,
    spacing_mm,
    shift_mm=lambda z: (0.0, 0.0),
    angle_rad=lambda z: 0.0,
    turn=None,
    centre_mm=(0.0, 0.0, 0.0),
    supersampling=1,
):
    """Return an elliptic cord along scanner z: hard (cord where the voxel's centre is), or partial volumes.

    ``shift_mm`` and ``angle_rad`` are functions of scanner z; ``turn`` rotates the grid, not the cord.
    """
    affine = np.diag([-spacing_mm[0], spacing_mm[1], spacing_mm[2], 1.0])
    if turn is not None:
        affine[:3, :3] = turn @ affine[:3, :3]
    affine[:3, 3] = np.asarray(centre_mm) - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    inside = np.zeros(shape)
    offsets = (np.arange(supersampling) + 0.5) / supersampling - 0.5
    steps = np.stack(np.meshgrid(offsets, offsets, offsets, indexing="ij")).reshape(3, -1).T
    voxels = np.indices(shape).reshape(3, -1).astype(float)
    for step in steps:
        x, y, z = affine[:3, :3] @ (voxels + step[:, None]) + affine[:3, 3:]
        dx, dy = shift_mm(z)
        x, y = x - dx, y - dy
        # seen from above with R-L to the left: a positive angle turns +(-x) towards +y
        cos, sin = np.cos(angle_rad(z)), np.sin(angle_rad(z))
        u, v = cos * -x + sin * y, -sin * -x + cos * y
        inside += ((u / SEMI_AXES_MM[0]) ** 2 + (v / SEMI_AXES_MM[1]) ** 2 <= 1).reshape(shape)
    return Volume((inside / len(steps)).astype(np.float32), affine)


@pytest.fixture(scope="session")
def cord() -> Callable[..., Volume]:
    return make_cord


@pytest.fixture(scope="session")
def tilt() -> Callable[[float], np.ndarray]:
    """Rotation of a grid about R-L by degrees."""

    def matrix(degrees):
        cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
        return np.array([[1, 0, 0], [0, cos, -sin], [0, sin, cos]])

    return matrix
