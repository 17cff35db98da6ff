"""Masks of several methods on the same slices, as the paper's Figs. 11 to 13: a row per method."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from softcord.draw.mosaic import (
    CELL_PIXELS,
    GAP_PIXELS,
    GROUND_TRUTH_COLOUR,
    PREDICTION_COLOUR,
    Rgb,
    axial_cell,
)
from softcord.draw.render import figure_bytes
from softcord.io.nifti import Volume

_DPI = 100
_NAME_PIXELS, _HEAD_PIXELS = 200, 40


def overlay_cells(
    image_rpi: Volume, truth_rpi: Volume, preds_rpi: Mapping[str, Volume]
) -> tuple[int, dict[str, Rgb]]:
    """Return the slice that is hardest, and it with each method's contour; all in RPI order on one grid."""
    k = hardest_slice(truth_rpi.data > 0.5, [pred.data > 0.5 for pred in preds_rpi.values()])
    return k, {method: axial_cell(image_rpi, k, pred, truth_rpi) for method, pred in preds_rpi.items()}


def hardest_slice(truth_seg: npt.NDArray[np.bool_], pred_segs: Sequence[npt.NDArray[np.bool_]]) -> int:
    """Return the axial slice (last axis) in which the masks are wrong in most voxels, summed over methods.

    Only slices with at least half the usual cord count: its two ends, where raters differ too, say little.
    """
    areas = truth_seg.sum(axis=(0, 1))
    wrong = np.sum([(pred != truth_seg).sum(axis=(0, 1)) for pred in pred_segs], axis=0)
    usual = np.median(areas[areas > 0]) if areas.any() else 0
    return int(np.argmax(np.where(areas >= max(1, usual / 2), wrong, -1)))


def overlay_png(cells: Mapping[str, Sequence[Rgb | None]], columns: Sequence[str]) -> bytes:
    """Return the PNG: ``cells`` has a row of slices per method (None: no mask), ``columns`` their names."""
    side = CELL_PIXELS + GAP_PIXELS
    width, height = _NAME_PIXELS + side * len(columns), _HEAD_PIXELS + side * len(cells)
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="black")
    for row, (method, slices) in enumerate(cells.items()):
        top = _HEAD_PIXELS + side * row
        middle = 1 - (top + CELL_PIXELS / 2) / height
        figure.text(8 / width, middle, method, color="white", size=9, va="center")
        for column, rgb in enumerate(slices):
            left = _NAME_PIXELS + side * column
            if rgb is None:
                figure.text((left + 20) / width, middle, "no mask", color="grey", size=8, va="center")
                continue
            figure.figimage(rgb, left, height - top - CELL_PIXELS, origin="upper")
    for column, name in enumerate(columns):
        x = (_NAME_PIXELS + side * column + 4) / width
        figure.text(x, 1 - _HEAD_PIXELS / 2 / height, name, color="white", size=8, va="center")
    legend = (("ground truth", GROUND_TRUTH_COLOUR, 26), ("prediction at 0.5", PREDICTION_COLOUR, 10))
    for words, colour, y in legend:
        figure.text(8 / width, 1 - (_HEAD_PIXELS - y) / height, words, color=colour, size=8, va="center")
    return figure_bytes(figure, "png", dpi=_DPI)
