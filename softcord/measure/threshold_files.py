"""The threshold study of mask files: CSA against the threshold, its spread over contrasts, the optimum."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.io.files import write_text
from softcord.io.masks import read_mask
from softcord.io.tables import write_table
from softcord.measure.files import MaskFiles, MeasureSettings
from softcord.measure.levels import levels_from_discs
from softcord.measure.slices import cord_voxels
from softcord.measure.threshold import csa_by_threshold, csa_std_by_threshold, spread_by_threshold
from softcord.measure.tidy import image_identity

RESAMPLES = 2000
SAME_MM2 = 1e-6


@dataclass(frozen=True)
class Optimum:
    """The threshold with the smallest mean CSA STD; ``low`` and ``high`` hold 95 % of draws."""

    threshold: float
    low: float
    high: float
    participants: int


def threshold_curves(files: Sequence[MaskFiles], settings: MeasureSettings) -> pd.DataFrame:
    """Return rows of `csa_by_threshold` for all masks, with whose they are.

    Over the settings' levels where a mask has disc labels, else over all of its slices.

    Raises:
        DataError: a mask or its labels cannot be read.
    """
    tables = []
    for file in files:
        mask = read_mask(file.mask)
        slices = None
        if settings.levels is not None and file.discs is not None:
            found = levels_from_discs(cord_voxels(mask, tails=settings.tails), read_mask(file.discs))
            slices = found.slices_of(settings.levels)
        curve = csa_by_threshold(mask, slices, tails=settings.tails)
        tables.append(curve.assign(**image_identity(file.mask), filename=str(file.mask)))
    return pd.concat(tables, ignore_index=True)


def best_threshold(curves: pd.DataFrame, seed: int = 0) -> Optimum | None:
    """Return the threshold at which contrasts agree best, with its uncertainty.

    Participants are drawn with replacement; the interval is that of the optima of the draws. None where there
    is nothing to choose: fewer than three participants with several contrasts, or hard masks, which are the
    same at every threshold.
    """
    spread = spread_by_threshold(curves)
    if len(spread) < 3 or np.ptp(spread.to_numpy(), axis=1).max(initial=0) < SAME_MM2:
        return None
    thresholds = spread.columns.to_numpy(dtype=float)
    values = spread.to_numpy()
    draws = np.random.default_rng(seed).integers(0, len(values), (RESAMPLES, len(values)))
    optima = thresholds[values[draws].mean(axis=1).argmin(axis=1)]
    low, high = np.percentile(optima, [2.5, 97.5])
    best = float(thresholds[values.mean(axis=0).argmin()])
    return Optimum(best, float(low), float(high), len(values))


def write_curves(path: Path, curves: pd.DataFrame) -> None:
    """Write the curves as CSV at ``path`` and a figure of them beside it, with the ending .svg."""
    write_table(path, curves)
    # slow to import and only needed here
    from io import StringIO

    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.5, 3.2), layout="constrained")
    area, spread = figure.subplots(1, 2)
    for contrast, own in curves.groupby("contrast"):
        mean = own.groupby("threshold")["csa_bin_mm2"].mean()
        area.plot(mean.index, mean, label=str(contrast))
    area.set_ylabel("CSA, binarised (mm²)")
    area.legend(fontsize=7)
    summary = csa_std_by_threshold(curves)
    spread.plot(summary["threshold"], summary["csa_bin_std_mm2"], color="0.2")
    best = best_threshold(curves)
    if best is not None:
        spread.axvspan(best.low, best.high, color="0.85")
        spread.axvline(best.threshold, color="C3")
        spread.set_title(f"best {best.threshold:g} (95 %: {best.low:g} to {best.high:g})", fontsize=8)
    spread.set_ylabel("CSA STD across contrasts (mm²)")
    for axis in (area, spread):
        axis.set_xlabel("threshold")
    stream = StringIO()
    figure.savefig(stream, format="svg", metadata={"Date": None})
    write_text(path.with_suffix(".svg"), stream.getvalue())
