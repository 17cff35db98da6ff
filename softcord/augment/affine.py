"""Random rotation, scaling and shift."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from softcord.augment.ranges import (
    Range,
    RangePerAxis,
    Shape,
    check_probability,
    check_range,
    draw,
    draw_per_axis,
    per_axis,
)

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class AffineParams:
    """What was drawn, per axis (R-L, A-P, S-I)."""

    rotation_deg: tuple[float, float, float]
    scaling: tuple[float, float, float]
    translation_voxels: tuple[float, float, float]


@dataclass(frozen=True)
class Affine:
    """Rotate about, scale along and shift along the given ``axes`` (0 R-L, 1 A-P, 2 S-I).

    ``scaling`` is the change of size, 0 for none; one range, or one for each axis. ``scaling_of`` says of
    what: of the ``content``, or of the ``grid`` it is sampled on, as MONAI takes it, where a change below -1
    mirrors. ``translation`` is in voxels, or a ``fraction`` of the patch's side. With ``together``
    false, rotation, scaling and translation have the ``probability`` each for itself. The paper's text gives
    ranges for all axes; its code hands MONAI pairs that MONAI reads as one value for each of the first two
    axes, with the translation in voxels.
    """

    probability: float
    rotation_deg: Range
    scaling: Range | RangePerAxis
    translation: Range
    translation_unit: Literal["fraction", "voxel"] = "fraction"
    axes: tuple[int, ...] = (0, 1, 2)
    scaling_of: Literal["content", "grid"] = "content"
    together: bool = True

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("rotation_deg", self.rotation_deg, -180, 180)
        for limits in per_axis(self.scaling):
            check_range("scaling", limits, -0.9 if self.scaling_of == "content" else -math.inf)
        check_range("translation", self.translation)
        if self.translation_unit not in ("fraction", "voxel"):
            raise ValueError(f"translation_unit: must be fraction or voxel, got {self.translation_unit}")
        if self.scaling_of not in ("content", "grid"):
            raise ValueError(f"scaling_of: must be content or grid, got {self.scaling_of}")
        if not set(self.axes) <= {0, 1, 2}:
            raise ValueError(f"axes: must be among 0, 1, 2, got {self.axes}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> AffineParams | None:
        """Draw the parameters for a patch of ``shape``; None where it is left as it is."""
        drawn = rng.random(1 if self.together else 3) < self.probability
        if not drawn.any():
            return None
        rotates, scales, shifts = np.broadcast_to(drawn, 3)
        side = shape if self.translation_unit == "fraction" else (1, 1, 1)
        shift = np.multiply(draw_per_axis(rng, self.translation), side) * shifts
        rotation = np.array(draw_per_axis(rng, self.rotation_deg)) * rotates
        scaling = np.array([self._size(draw(rng, limits)) for limits in per_axis(self.scaling)]) * scales
        return AffineParams(self._on_axes(rotation), self._on_axes(scaling), self._on_axes(shift))

    def _size(self, change: float) -> float:
        if self.scaling_of == "content":
            return change
        # A grid that is stretched shrinks what it samples; at 0 it would sample a single plane.
        step = 1 + change
        return 1 / (step if abs(step) > 1e-3 else 1e-3) - 1

    def _on_axes(self, values: Matrix) -> tuple[float, float, float]:
        x, y, z = (float(value) if axis in self.axes else 0.0 for axis, value in enumerate(values))
        return x, y, z


def sampling_matrix(params: AffineParams) -> Matrix:
    """Return the 3 x 4 matrix from a voxel of the result to the place it is sampled from.

    Both in voxels from the centre of the patch.
    """
    linear = np.eye(3)
    for axis, angle_deg in enumerate(params.rotation_deg):
        linear = linear @ _rotation(axis, math.radians(angle_deg))
    linear = linear @ np.diag(1 / (1 + np.array(params.scaling)))
    return np.column_stack([linear, -linear @ params.translation_voxels])


def _rotation(axis: int, angle: float) -> Matrix:
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix = np.eye(3)
    matrix[[first, second], [first, second]] = math.cos(angle)
    matrix[first, second], matrix[second, first] = -math.sin(angle), math.sin(angle)
    return matrix
