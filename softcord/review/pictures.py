"""What the review page shows of one mask: axial slices about the cord, and two long sections through it.

Pixels are grey values of the image as JPEG; where the mask lies are contours at steps of its soft values, as
lines over those pictures, so that a browser can turn them on and off and lose nothing of the image.
"""

import io
from base64 import b64encode
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from contourpy import contour_generator
from PIL import Image
from scipy import ndimage

from softcord.draw.mosaic import slices_through
from softcord.errors import DataError
from softcord.io.nifti import Volume, space_of, to_rpi
from softcord.io.space import misfit

Floats = npt.NDArray[np.float64]
LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)
SIDE_MM, PIXEL_MM = 36.0, 0.45  # the cord, the canal and what is beside it
LONG_SIDE_MM, LONG_PIXEL_MM = 60.0, 0.7  # of the sections: vertebrae too
MOST_SLICES = 24
JPEG_QUALITY = 80
_PARTS = 4  # a contour's points are kept in quarters of a pixel


@dataclass(frozen=True)
class Plane:
    """A picture: grey values 0..255, and the mask's soft values in the same pixels."""

    grey: npt.NDArray[np.uint8]
    soft: npt.NDArray[np.float32]


def review_pictures(image: Volume, mask: Volume) -> dict[str, Any]:
    """Return all that the page shows of a mask, as JSON holds it.

    ``axial`` is a list of slices, top first, ``sagittal`` and ``coronal`` one section each, all as
    ``{jpeg, width, height, contours}`` (a contour's points are steps from one to the next, in quarters of a
    pixel, the first from 0); ``slices`` are the axial slices' numbers (RPI, 0 is the lowest).
    ``mosaic`` are the places in ``axial`` of the slices for the mosaic.

    Raises:
        DataError: the mask is not on the image's grid.
    """
    off = misfit(space_of(image), space_of(mask))
    if off is not None and not off.fits_as_used:
        raise DataError("mask", off.what, "Bring the mask to the image's grid first")
    grey, soft = to_rpi(image), to_rpi(mask)
    centres = _centreline(soft)
    shown = _slices(soft)
    low, high = np.percentile(grey.data[:, :, shown], [0.5, 99.8])
    scale = (float(low), float(high) if high > low else float(low) + 1)
    axial = [_axial(grey, soft, k, centres[k], scale) for k in shown]
    chosen = set(slices_through(soft.data, 8)) & set(shown)
    return {
        "slices": shown,
        "axial": [_told(plane) for plane in axial],
        "mosaic": [place for place, k in enumerate(shown) if k in chosen],
        "sagittal": _told(_section(grey, soft, centres, scale, along=1)),
        "coronal": _told(_section(grey, soft, centres, scale, along=0)),
    }


def _slices(soft: Volume) -> list[int]:
    """Slices to show, top first: those with cord and a few beyond its ends, evenly thinned out."""
    n = soft.data.shape[2]
    filled = np.flatnonzero((soft.data > 0.5).any(axis=(0, 1)))
    beyond = max(1, round(15 / soft.spacing_mm[2]))
    first, last = (filled[0] - beyond, filled[-1] + beyond) if len(filled) else (0, n - 1)
    inside = np.arange(max(0, first), min(n - 1, last) + 1)
    mosaic = [k for k in slices_through(soft.data, 8) if k in inside]
    kept = inside[np.linspace(0, len(inside) - 1, min(MOST_SLICES, len(inside))).round().astype(int)]
    return sorted({*map(int, kept), *mosaic}, reverse=True)


def _centreline(soft: Volume) -> Floats:
    """Centre of the cord in each slice, in voxels, carried on straight where there is none."""
    n = soft.data.shape[2]
    middle = (np.array(soft.data.shape[:2]) - 1) / 2
    filled = np.flatnonzero((soft.data > 0.5).any(axis=(0, 1)))
    if not len(filled):
        return np.tile(middle, (n, 1))
    known = np.array([ndimage.center_of_mass(soft.data[:, :, k] > 0.5) for k in filled])
    return np.stack([np.interp(np.arange(n), filled, known[:, axis]) for axis in (0, 1)], axis=1)


def _axial(grey: Volume, soft: Volume, k: int, centre: Floats, scale: tuple[float, float]) -> Plane:
    """Right of the patient on the left, anterior up."""
    count = round(SIDE_MM / PIXEL_MM)
    offsets_mm = (np.arange(count) + 0.5) * PIXEL_MM - SIDE_MM / 2
    x = centre[0] + offsets_mm / soft.spacing_mm[0]
    y = centre[1] - offsets_mm / soft.spacing_mm[1]
    at = np.meshgrid(x, y, indexing="ij")
    return _plane(grey.data[:, :, k], soft.data[:, :, k], [one.T for one in at], scale)


def _section(grey: Volume, soft: Volume, centres: Floats, scale: tuple[float, float], along: int) -> Plane:
    """A section that follows the cord: sagittal (``along`` 1, anterior left) or coronal (0), head up."""
    dz, n = soft.spacing_mm[2], soft.data.shape[2]
    middle = float(np.median(centres[:, along]))
    count, rows = round(LONG_SIDE_MM / LONG_PIXEL_MM), max(8, round(n * dz / LONG_PIXEL_MM))
    offsets_mm = (np.arange(count) + 0.5) * LONG_PIXEL_MM - LONG_SIDE_MM / 2
    sign = -1 if along == 1 else 1
    across = middle + sign * offsets_mm / soft.spacing_mm[along]
    height = n - 1 - ((np.arange(rows) + 0.5) * LONG_PIXEL_MM / dz - 0.5)
    z = np.clip(height, 0, n - 1)
    other = np.interp(z, np.arange(n), centres[:, 1 - along])
    grid_across, grid_z = np.meshgrid(across, z)
    grid_other = np.repeat(other[:, None], count, axis=1)
    at = [grid_other, grid_across, grid_z] if along == 1 else [grid_across, grid_other, grid_z]
    return _plane(grey.data, soft.data, at, scale)


def _plane(
    grey: npt.NDArray[np.float32], soft: npt.NDArray[np.float32], at: list[Floats], scale: tuple[float, float]
) -> Plane:
    low, high = scale
    values = ndimage.map_coordinates(grey, at, order=1, mode="constant", cval=low)
    shades = np.clip((values - low) / (high - low) * 255, 0, 255).round().astype(np.uint8)
    return Plane(shades, ndimage.map_coordinates(soft, at, order=1, mode="constant", cval=0.0))


def _steps(line: Floats) -> list[int]:
    whole = np.round((line - 0.5) * _PARTS).astype(int)
    steps: list[int] = np.diff(whole, axis=0, prepend=0).ravel().tolist()
    return steps


def _told(plane: Plane) -> dict[str, Any]:
    buffer = io.BytesIO()
    Image.fromarray(plane.grey).save(buffer, "JPEG", quality=JPEG_QUALITY)
    lines = contour_generator(z=np.pad(plane.soft, 1))
    contours = [[_steps(np.asarray(line)) for line in lines.lines(level)] for level in LEVELS]
    height, width = plane.grey.shape
    return {
        "jpeg": b64encode(buffer.getvalue()).decode(),
        "width": width,
        "height": height,
        "contours": contours,
    }
