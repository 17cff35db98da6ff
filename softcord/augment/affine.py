"""Random rotation, scaling and shift."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from softcord.augment.ranges import Range, Shape, check_probability, check_range, draw_per_axis

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

    ``scaling`` is the change of size, 0 for none. ``translation`` is in voxels, or a ``fraction`` of the
    patch's side. The paper's text gives ranges for all axes; its code hands MONAI pairs that MONAI reads as
    one value for each of the first two axes, with the translation in voxels.
    """

    probability: float
    rotation_deg: Range
    scaling: Range
    translation: Range
    translation_unit: Literal["fraction", "voxel"] = "fraction"
    axes: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        """Refuse values out of range."""
        check_probability(self.probability)
        check_range("rotation_deg", self.rotation_deg, -180, 180)
        check_range("scaling", self.scaling, -0.9)
        check_range("translation", self.translation)
        if self.translation_unit not in ("fraction", "voxel"):
            raise ValueError(f"translation_unit: must be fraction or voxel, got {self.translation_unit}")
        if not set(self.axes) <= {0, 1, 2}:
            raise ValueError(f"axes: must be among 0, 1, 2, got {self.axes}")

    def draw(self, rng: np.random.Generator, shape: Shape) -> AffineParams | None:
        """Draw the parameters for a patch of ``shape``; None where it is left as it is."""
        if rng.random() >= self.probability:
            return None
        side = shape if self.translation_unit == "fraction" else (1, 1, 1)
        shift = np.multiply(draw_per_axis(rng, self.translation), side)
        return AffineParams(
            self._on_axes(draw_per_axis(rng, self.rotation_deg)),
            self._on_axes(draw_per_axis(rng, self.scaling)),
            self._on_axes((float(shift[0]), float(shift[1]), float(shift[2]))),
        )

    def _on_axes(self, values: tuple[float, float, float]) -> tuple[float, float, float]:
        x, y, z = (value if axis in self.axes else 0.0 for axis, value in enumerate(values))
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
