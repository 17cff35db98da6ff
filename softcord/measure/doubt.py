"""How far a CSA may be off, from how far readings of its image lie apart: raw, before any calibration."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.errors import DataError
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume, space_of
from softcord.io.space import Space, misfit
from softcord.measure.csa import csa_per_slice
from softcord.measure.level_text import parse_numbers
from softcord.measure.slices import SliceVoxels, slice_voxels

Floats = npt.NDArray[np.float64]
MOST_SD = 0.5  # of shares, which are 0 to 1
_ROUNDING = 1e-3


def read_doubt(path: Path, mask: Space) -> tuple[Volume | None, str]:
    """Read how far readings of a mask's image lie apart; what is no such map costs no more than the map.

    Returns:
        The readings' standard deviation on the mask's grid, and ""; or None, and what is wrong with the file.
    """
    try:
        sd = read_mask(path)
        _check(path, sd, mask)
    except DataError as error:
        return None, f"{error.where}: {error.what}"
    return sd, ""


def _check(path: Path, sd: Volume, mask: Space) -> None:
    """Refuse a map that cannot be the standard deviation of a mask's readings.

    Raises:
        DataError: it lies on another grid than the mask, or holds values outside [0, 0.5].
    """
    hint = "Predict the mask again, with its uncertainty"
    off = misfit(mask, space_of(sd))
    if off is not None and not off.fits_as_used:
        raise DataError(path, off.what.replace("its image", "the mask"), hint)
    low, high = float(sd.data.min()), float(sd.data.max())
    if low < -_ROUNDING or high > MOST_SD + _ROUNDING:
        what = f"holds {low:g} to {high:g}, and standard deviations of shares are 0 to {MOST_SD:g}"
        raise DataError(path, what, hint)


def area_doubt_mm2(groups: pd.DataFrame, voxels: SliceVoxels, sd: Volume) -> list[float]:
    """Return, for each group of slices, the readings' standard deviation summed over a slice, as an area.

    It is as if all voxels of the cord erred together, one way, and so the most by which the readings' areas
    can differ (in standard deviations). Soft CSA only: NaN in rows of other modes.

    Args:
        groups: rows with ``mode`` and ``slice``, as :func:`softcord.measure.files.measure_voxels` gives.
        voxels: the mask's.
        sd: the readings' standard deviation, on the mask's grid.
    """
    if "soft" not in set(groups["mode"]):
        return [float("nan")] * len(groups)
    doubt = slice_doubt_mm2(voxels, sd)
    rows = zip(groups["mode"], groups["slice"], strict=True)
    return [
        mean_doubt_mm2(doubt, parse_numbers(slices, "slice") if slices else ())
        if mode == "soft"
        else float("nan")
        for mode, slices in rows
    ]


def slice_doubt_mm2(voxels: SliceVoxels, sd: Volume) -> Floats:
    """Return the readings' standard deviation summed over each slice, as an area across the cord.

    A slice in which the mask has no cord, and so no angle, is taken as it lies.
    """
    lengths_mm = csa_per_slice(voxels)["length_mm"].to_numpy(dtype=np.float64)
    cosine = np.where(np.isfinite(lengths_mm), voxels.spacing_mm[2] / lengths_mm, 1.0)
    return slice_voxels(sd).total * voxels.spacing_mm[0] * voxels.spacing_mm[1] * cosine


def mean_doubt_mm2(doubt_mm2: Floats, slices: Iterable[int]) -> float:
    """Return the mean over slices; NaN where there is none."""
    here = doubt_mm2[list(slices)]
    return float(here.mean()) if len(here) else float("nan")
