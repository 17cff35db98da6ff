"""Hard masks as a per-contrast segmenter would draw them: a biased border with a smooth random error."""

from dataclasses import dataclass
from math import tau

import numpy as np
import numpy.typing as npt
from scipy.ndimage import binary_fill_holes, find_objects, gaussian_filter1d

from softcord.phantom.scan import CordSamples

_REACH_MM = 260.0
_CORRELATION_MM = 8.0
_ANGLES = 64
_HARMONICS = 3


@dataclass(frozen=True)
class BorderOffset:
    """How far outside the true border a segmenter draws it.

    ``table_mm`` has one row per millimetre of height and one column per angle around the cord.
    """

    table_mm: npt.NDArray[np.float32]

    def at(self, samples: CordSamples) -> npt.NDArray[np.float32]:
        """Offset at each sample, mm."""
        row = (samples.s_mm + np.float32(_REACH_MM)).astype(np.int32)
        column = (samples.angle * np.float32(_ANGLES / tau)).astype(np.int32) % _ANGLES
        return self.table_mm[row, column]

    @property
    def reach_mm(self) -> float:
        """Largest distance between the drawn and the true border."""
        return float(np.abs(self.table_mm).max())


def draw_border_offset(
    rng: np.random.Generator, bias_mm: float, bias_sd_mm: float, error_sd_mm: float
) -> BorderOffset:
    """Draw one image's border: bias, the participant's deviation from it, and a smooth error.

    The error is a sum of the first harmonics around the cord (radius, shift, flattening, ...), whose
    coefficients vary along the cord with a correlation length of about a slice or two of thick scans.
    """
    rows = int(2 * _REACH_MM)
    deviation = bias_sd_mm * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    angles = np.arange(_ANGLES) * (tau / _ANGLES)
    waves = [np.ones(_ANGLES)]
    for order in range(1, _HARMONICS + 1):
        waves += [np.sqrt(2) * np.cos(order * angles), np.sqrt(2) * np.sin(order * angles)]
    coefficients = gaussian_filter1d(rng.standard_normal((rows, len(waves))), _CORRELATION_MM / 2, axis=0)
    coefficients /= coefficients.std(axis=0)
    error = error_sd_mm / np.sqrt(len(waves)) * (coefficients @ np.array(waves))
    return BorderOffset((bias_mm + deviation + error).astype(np.float32))


def hard_mask(samples: CordSamples, offset: BorderOffset) -> npt.NDArray[np.uint8]:
    """Return the voxels of which more than half lies within the drawn border (RPI, 0 or 1).

    Where the border turns sharply, sampling may leave a voxel out within a slice; nobody draws such a hole.
    """
    mask = samples.partial_volume(offset.at(samples)) > 0.5
    for box in find_objects(mask.astype(np.uint8)):
        for axial in np.moveaxis(mask[box], 2, 0):
            axial |= binary_fill_holes(axial)
    return mask.astype(np.uint8)
