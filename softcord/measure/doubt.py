"""How far a CSA may be off, from how far readings of its image lie apart: raw, before any calibration."""

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.io.nifti import Volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.level_text import parse_numbers
from softcord.measure.slices import SliceVoxels, slice_voxels

Floats = npt.NDArray[np.float64]


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
    areas = csa_per_slice(voxels)
    cosine = voxels.spacing_mm[2] / areas["length_mm"].to_numpy(dtype=np.float64)
    doubt = slice_voxels(sd).total * voxels.spacing_mm[0] * voxels.spacing_mm[1] * cosine
    rows = zip(groups["mode"], groups["slice"], strict=True)
    return [_mean(doubt, str(slices)) if mode == "soft" else float("nan") for mode, slices in rows]


def _mean(doubt: Floats, slices: str) -> float:
    here = doubt[list(parse_numbers(slices, "slice"))] if slices else doubt[:0]
    here = here[np.isfinite(here)]
    return float(here.mean()) if len(here) else float("nan")
