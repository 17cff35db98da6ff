"""What of a soft mask is cord: its sections with their partial-volume rims, not the faint values far around.

A background of 0.001 over a slice of 50 cm² is 5 mm² of cord that nobody sees. One rule for all masks, those
of softcord, probability maps of rivals and references, so that none gains by how it was cleaned before.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.io.nifti import Volume, reorientation

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

# Shares of the largest value, so that the rule does not depend on the mask's scale.
CORE = 0.5  # of a slice's largest value: the section without its rim
# Of the mask's: above a background of 0.01; in an exact mask of 5 mm slices that lean by 24° less is 0.03 %.
FLOOR = 0.012
FAINT_SLICE = 0.1  # of the mask's: a slice that nowhere reaches this shows no section of its own
# The rim of a cord that leans by 30 degrees: half of its way through the slice, a voxel's diagonal, and what
# smoothing by 1 mm (SD) adds to the core's last voxel.
STEEPEST = float(np.tan(np.radians(30)))
BLUR_MM = 1.5
TOLD_PCT = 0.5  # a slice from which more was left out has a finding


@dataclass(frozen=True)
class Cord:
    """A mask without its tails; ``left_out_pct`` of the mass by RPI slice, shape (slices,)."""

    mask: Volume
    left_out_pct: Floats


def without_tails(mask: Volume) -> Cord:
    """Return the mask with 0 where its values are no part of the cord.

    Kept are, in each slice, values of at least half the slice's largest, and those from 0.012 of the mask's
    largest value on that lie within the rim of these: half the slice's thickness times tan 30°, a voxel's
    in-plane diagonal, and 1.5 mm. A slice without a value of 0.1 (a stack's end) goes by its neighbours'
    sections. Values below 0 stay: they are a finding of their own. Binary masks come back as they are.
    """
    to_axis, direction = reorientation(mask.affine)[:, 0].astype(int), reorientation(mask.affine)[:, 1]
    axis = int(np.flatnonzero(to_axis == 2)[0])
    whole = np.moveaxis(mask.data, axis, 2)
    box = _in_plane_box(whole)  # a cord fills a thousandth of a slice; nothing is to be done with the rest
    data = whole[box]
    top = data.max(axis=(0, 1), initial=0)
    highest = float(top.max(initial=0.0))
    nothing = np.zeros(data.shape[2])
    is_faint = (data > 0) & (data < CORE * top)
    if not is_faint.any():
        return Cord(mask, nothing)
    core = (data >= CORE * top) & (data > 0) & (top >= FAINT_SLICE * highest)
    core |= _of_neighbours(core, (top > 0) & (top < FAINT_SLICE * highest))
    in_plane_mm = np.delete(mask.spacing_mm, axis)
    rim_mm = STEEPEST * mask.spacing_mm[axis] / 2 + float(np.hypot(*in_plane_mm)) + BLUR_MM
    is_tail = (data > 0) & ~_within(core, in_plane_mm, rim_mm)
    is_tail |= (data > 0) & ~core & (data < FLOOR * highest)
    kept = whole.copy(order="K")
    kept[box][is_tail] = 0
    before = np.clip(data, 0, None).sum(axis=(0, 1), dtype=float)
    left_out = np.where(is_tail, data, 0).sum(axis=(0, 1), dtype=float)
    share_pct = 100 * left_out / np.where(before > 0, before, 1)
    by_slice = share_pct if direction[axis] > 0 else share_pct[::-1]
    return Cord(Volume(np.moveaxis(kept, 2, axis), mask.affine), by_slice)


def _in_plane_box(data: npt.NDArray[np.float32]) -> tuple[slice, slice]:
    """Return the smallest box of the first two axes that holds all that is not zero."""
    filled = (data != 0).any(axis=2)
    first, last = zip(*(_ends(filled.any(axis=axis)) for axis in (1, 0)), strict=True)
    return slice(first[0], last[0]), slice(first[1], last[1])


def _ends(filled: Bools) -> tuple[int, int]:
    places = np.flatnonzero(filled)
    return (int(places[0]), int(places[-1]) + 1) if len(places) else (0, 0)


def _of_neighbours(core: Bools, chosen: Bools) -> Bools:
    """Return, in the chosen slices, where a slice beside has its section."""
    beside = np.zeros_like(core)
    beside[..., 1:] |= core[..., :-1]
    beside[..., :-1] |= core[..., 1:]
    return np.asarray(beside & chosen)


def _within(core: Bools, in_plane_mm: Floats, rim_mm: float) -> Bools:
    """Say which voxels lie within ``rim_mm`` of the section in their own slice."""
    near = np.zeros_like(core)
    places = np.argwhere(core.any(axis=2))
    if not len(places):
        return near
    margin = np.ceil(rim_mm / in_plane_mm).astype(int) + 1
    first, last = np.maximum(places.min(axis=0) - margin, 0), places.max(axis=0) + margin + 1
    box = (slice(first[0], last[0]), slice(first[1], last[1]))
    for k in np.flatnonzero(core.any(axis=(0, 1))):
        distance_mm = ndimage.distance_transform_edt(~core[(*box, k)], sampling=in_plane_mm)
        near[(*box, k)] = distance_mm <= rim_mm
    return near
