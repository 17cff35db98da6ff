"""Whether the image shows cord beyond the end of its mask: a mask that stops too early looks perfect else."""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from softcord.io.nifti import Volume
from softcord.uncertainty.cord_profile import CordProfile

Floats = npt.NDArray[np.float64]
PATCH_MM = 16.0  # side of what is compared: the cord and the fluid around it
TEMPLATE_MM = 20.0  # length of cord whose mean is the template
LOOK_MM = 30.0  # how far beyond the end
ALIKE = 0.7  # of the correlation that slices of the mask have with the template
LEAST = 0.4  # a correlation below it is no likeness, whatever the mask's own
_PIXELS = 24


def goes_on_mm(image_rpi: Volume, profile: CordProfile) -> float:
    """Return the length of cord beyond the two ends, together, at most 2 x LOOK_MM.

    A slice beyond an end is cord if a patch about the centreline, carried on straight, correlates with the
    mean patch of the mask's last slices nearly as well as these do with each other.
    """
    filled = profile.filled
    return sum(_beyond(image_rpi, profile, filled, step) for step in (1, -1)) if len(filled) >= 4 else 0.0


def _beyond(image_rpi: Volume, profile: CordProfile, filled: npt.NDArray[np.intp], step: int) -> float:
    dz, n = profile.spacing_mm[2], image_rpi.data.shape[2]
    count = max(3, round(TEMPLATE_MM / dz))
    end = int(filled[-1] if step > 0 else filled[0])
    # The last slice is filled in part and says little.
    known = filled[::-1][1 : 1 + count] if step > 0 else filled[1 : 1 + count]
    ahead = range(end + step, min(max(end + step * (1 + round(LOOK_MM / dz)), -1), n), step)
    if not len(ahead):
        return 0.0
    slope, middle = _line(profile, known)
    patches = [_patch(image_rpi, k, profile.centre_mm[k]) for k in known]
    template = np.mean(patches, axis=0)
    usual = float(np.median([_correlation(patch, template) for patch in patches]))
    length_mm = 0.0
    for k in ahead:
        patch = _patch(image_rpi, k, middle + slope * (k - known.mean()))
        if _correlation(patch, template) < max(LEAST, ALIKE * usual):
            break
        length_mm += dz
    return length_mm


def _line(profile: CordProfile, slices: npt.NDArray[np.intp]) -> tuple[Floats, Floats]:
    """Return how much the centre moves from slice to slice, and where it is in the middle of them."""
    slope = np.polyfit(slices - slices.mean(), profile.centre_mm[slices], 1)[0]
    return slope, profile.centre_mm[slices].mean(axis=0)


def _patch(image_rpi: Volume, k: int, centre_mm: Floats) -> Floats:
    offsets_mm = (np.arange(_PIXELS) + 0.5) / _PIXELS * PATCH_MM - PATCH_MM / 2
    at = [(c + offsets_mm) / side for c, side in zip(centre_mm, image_rpi.spacing_mm[:2], strict=True)]
    grid = np.meshgrid(*at, indexing="ij")
    return np.asarray(
        ndimage.map_coordinates(image_rpi.data[:, :, k], grid, order=1, mode="nearest"), np.float64
    )


def _correlation(a: Floats, b: Floats) -> float:
    a, b = a - a.mean(), b - b.mean()
    size = np.sqrt((a**2).sum() * (b**2).sum())
    return float((a * b).sum() / size) if size > 0 else 0.0
