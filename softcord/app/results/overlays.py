"""The overlay figure of a comparison: what each method drew on the same slices of the same people."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from softcord.app.results.visual_check import ImageKey, test_files
from softcord.contrasts import contrast_label
from softcord.errors import DataError, SoftcordError
from softcord.hints import counted
from softcord.io.nifti import Volume, read_volume, to_rpi
from softcord.predict.write import softseg_path
from softcord.report.html import Figure
from softcord.report.order import method_order
from softcord.report.overlays import overlay_cells, overlay_png
from softcord.sweep.folder import PREDICTIONS

if TYPE_CHECKING:
    import pandas as pd

    from softcord.draw.mosaic import Rgb
    from softcord.sweep.ledger import Run

logger = logging.getLogger("softcord")


def overlays(folder: Path, runs: "Sequence[Run]", measures: "pd.DataFrame", count: int) -> dict[str, Figure]:
    """Return the figure ``overlays`` of ``count`` images, none where there are no files to draw.

    The images are evenly chosen from the worst to the best mean Dice over the methods.
    """
    run_of = {run.method: folder / run.name for run in runs}  # of several seeds, the last
    methods = method_order(run_of)
    cells: dict[str, list[Rgb | None]] = {method: [] for method in methods}
    columns = []
    for key in _chosen(measures, count) if count else []:
        try:
            image, truth, preds = _read({method: run_of[method] for method in methods}, key)
        except SoftcordError as error:
            logger.warning("not in the overlay figure: %s", error)
            continue
        k, drawn = overlay_cells(image, truth, preds)
        for method in methods:
            cells[method].append(drawn.get(method))
        columns.append(f"{key[0]} {'' if key[1] == 'n/a' else key[1]}\n{contrast_label(key[2])}, slice {k}")
    if not columns:
        return {}
    caption = (
        f"{counted(len(columns), 'image')} from the worst to the best mean Dice over the methods, each at "
        "the slice (0 is the lowest) in which they are wrong in most voxels. Contours at 0.5 of ground truth "
        "(blue), prediction (yellow)."
    )
    return {"overlays": Figure(caption, "png", overlay_png(cells, columns))}


def _chosen(measures: "pd.DataFrame", count: int) -> list[ImageKey]:
    key = ["participant_id", "session_id", "contrast"]
    dice = measures[measures["metric"] == "dice"].groupby(key, observed=True)["value"].mean().sort_values()
    places = np.unique(np.linspace(0, len(dice) - 1, min(count, len(dice))).round().astype(int))
    return [dice.index[place] for place in places]


def _read(run_of: Mapping[str, Path], key: ImageKey) -> tuple[Volume, Volume, dict[str, Volume]]:
    """Return image, ground truth and each method's mask in RPI order; a method without a mask is left out."""
    preds = {}
    found = None
    for method, run_dir in run_of.items():
        files = test_files(run_dir).get(key)
        if files is None:
            continue
        found = files
        mask = softseg_path(run_dir / PREDICTIONS, files[0])
        if mask.exists():
            preds[method] = to_rpi(read_volume(mask))
    if found is None or not preds:
        raise DataError(" ".join(key), "its image or masks are no longer there")
    return to_rpi(read_volume(found[0])), to_rpi(read_volume(found[1])), preds
