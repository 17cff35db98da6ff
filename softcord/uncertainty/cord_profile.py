"""A mask along the cord: its area, its place and how it stands out of the image, slice by slice."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.io.nifti import Volume, to_rpi
from softcord.measure.surface import smallest_box

Floats = npt.NDArray[np.float64]
RING_MM = 3.0  # what surrounds the cord is fluid for at least so far, mostly
_GAP_MM = 0.8  # partial volume at the border belongs to neither


@dataclass(frozen=True)
class CordProfile:
    """What a mask looks like in each axial slice, inferior first; NaN in slices without cord.

    ``area_mm2`` is soft. ``centre_mm`` (slices, 2) is R-L, P-A in the slice. ``separation`` is the
    difference of the image inside and around the mask, in standard deviations within the two (d').
    """

    area_mm2: Floats
    centre_mm: Floats
    separation: Floats
    spacing_mm: tuple[float, float, float]

    @property
    def filled(self) -> npt.NDArray[np.intp]:
        """Slices that hold cord."""
        return np.flatnonzero(np.isfinite(self.centre_mm[:, 0]))


def cord_profile(image: Volume, softseg: Volume) -> CordProfile:
    """Return the profile of a mask on its image's grid, in any orientation."""
    grey, soft = to_rpi(image), to_rpi(softseg)
    n = soft.data.shape[2]
    area, separation, centre = np.full(n, np.nan), np.full(n, np.nan), np.full((n, 2), np.nan)
    dx, dy, _ = soft.spacing_mm
    if not (soft.data > 0.5).any():
        return CordProfile(area, centre, separation, soft.spacing_mm)
    # Nothing beyond the ring is looked at, and whole planes take most of the time.
    ring = (int(RING_MM / dx) + 1, int(RING_MM / dy) + 1)
    x, y, _ = smallest_box(soft.data != 0, (*ring, 0))
    corner = (x.start, y.start)
    softsegs, greys = soft.data[x, y], grey.data[x, y]
    for k in np.flatnonzero((softsegs > 0.5).any(axis=(0, 1))):
        plane = softsegs[:, :, k].astype(np.float64)
        hard = plane > 0.5
        area[k] = plane.sum() * dx * dy
        centre[k] = np.add(ndimage.center_of_mass(hard), corner) * (dx, dy)
        near = smallest_box(hard, ring)
        separation[k] = _separation(greys[:, :, k][near], hard[near], (dx, dy))
    return CordProfile(area, centre, separation, soft.spacing_mm)


def _separation(
    plane: npt.NDArray[np.float32], hard: npt.NDArray[np.bool_], sides: tuple[float, float]
) -> float:
    outside_mm = ndimage.distance_transform_edt(~hard, sampling=sides)
    ring = (outside_mm > _GAP_MM) & (outside_mm <= RING_MM)
    inside = hard & (ndimage.distance_transform_edt(hard, sampling=sides) > _GAP_MM)
    inside = inside if inside.sum() >= 3 else hard
    if ring.sum() < 3 or inside.sum() < 2:
        return np.nan
    a, b = plane[inside].astype(np.float64), plane[ring].astype(np.float64)
    noise = np.sqrt((a.var() + b.var()) / 2)
    return float(abs(a.mean() - b.mean()) / noise) if noise > 0 else 0.0
