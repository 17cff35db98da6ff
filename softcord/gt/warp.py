"""Slice-wise rigid maps between the reference's space and another contrast's, exactly invertible."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.gt.grid import Array, Grid, apply_affine, inverse


@dataclass(frozen=True)
class SliceWarp:
    """One in-plane rigid motion per S-I slice of ``frame``, the working grid in the reference's orientation.

    A point of the reference is turned by ``angle_rad`` (shape (k,), from R-L towards A-P) about ``pivot_mm``
    (shape (2, k)), then moved by ``shift_mm`` (shape (2, k)); both in the frame's in-plane millimetres.
    Between slices the motion is interpolated, beyond them the last one holds. Since a point never leaves its
    slice, the inverse is exact.
    """

    frame: Grid
    shift_mm: Array
    angle_rad: Array
    pivot_mm: Array

    def to_moving(self, points: Array) -> Array:
        """Map scanner points (3, ...) of the reference to where the other contrast has the same anatomy."""
        return self.at(points).to_moving(points)

    def to_reference(self, points: Array) -> Array:
        """Undo `to_moving`."""
        return self.at(points).to_reference(points)

    def at(self, points: Array) -> "Motion":
        """Return the motion at the heights of scanner points (3, ...), in either space."""
        to_slice = inverse(self.frame.affine)[2]
        height = np.einsum("j,j...->...", to_slice[:3], points) + to_slice[3]
        slices = np.arange(self.frame.shape[2])

        def between(rows: Array) -> Array:
            return np.stack([np.interp(height, slices, row) for row in rows])

        if not self.angle_rad.any():
            still = np.zeros_like(height)
            return Motion(self.frame, between(self.shift_mm), still, np.stack([still, still]))
        angle = np.interp(height, slices, self.angle_rad)
        return Motion(self.frame, between(self.shift_mm), angle, between(self.pivot_mm))


@dataclass(frozen=True)
class Motion:
    """In-plane rigid motions, one per point: those of a `SliceWarp` at some places."""

    frame: Grid
    shift_mm: Array
    angle_rad: Array
    pivot_mm: Array

    def take(self, index: npt.NDArray[np.int_]) -> "Motion":
        """Return the motions of these numbers."""
        return Motion(self.frame, self.shift_mm[:, index], self.angle_rad[index], self.pivot_mm[:, index])

    def to_moving(self, points: Array) -> Array:
        """Map scanner points (3, ...) of the reference to the other contrast."""
        local = self._local(points)
        local[:2] = _turn(local[:2] - self.pivot_mm, self.angle_rad) + self.pivot_mm + self.shift_mm
        return self._scanner(local)

    def to_reference(self, points: Array) -> Array:
        """Undo `to_moving`."""
        local = self._local(points)
        local[:2] = _turn(local[:2] - self.pivot_mm - self.shift_mm, -self.angle_rad) + self.pivot_mm
        return self._scanner(local)

    def _local(self, points: Array) -> Array:
        """Return in-plane millimetres and slice number."""
        local = apply_affine(inverse(self.frame.affine), points)
        local[:2] *= _in_plane(self.frame, local.ndim)
        return local

    def _scanner(self, local: Array) -> Array:
        local[:2] /= _in_plane(self.frame, local.ndim)
        return apply_affine(self.frame.affine, local)


def _in_plane(frame: Grid, ndim: int) -> Array:
    factors: Array = frame.spacing_mm[:2].reshape(2, *[1] * (ndim - 1))
    return factors


def _turn(points: Array, angle: Array) -> Array:
    if not angle.any():
        return points
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * points[0] - sin * points[1], sin * points[0] + cos * points[1]])


def no_displacement(frame: Grid) -> SliceWarp:
    """Return the warp that moves nothing."""
    slices = frame.shape[2]
    return SliceWarp(frame, np.zeros((2, slices)), np.zeros(slices), np.zeros((2, slices)))


def fill_unmatched(values: Array, is_matched: npt.NDArray[np.bool_], rule: str) -> Array:
    """Give the slices that could not be matched a motion, shape (..., k).

    Args:
        values: one value per slice along the last axis.
        is_matched: which slices' values are measured, shape (k,).
        rule: ``zero`` leaves the other slices unmoved; ``nearest`` continues the nearest matched slice's
            value beyond the ends and interpolates within gaps.
    """
    if rule == "zero":
        return np.where(is_matched, values, 0.0)
    slices = np.arange(values.shape[-1])
    known = slices[is_matched]
    rows = values.reshape(-1, values.shape[-1])
    return np.stack([np.interp(slices, known, row[is_matched]) for row in rows]).reshape(values.shape)
