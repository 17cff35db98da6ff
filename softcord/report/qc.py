"""Mosaics of axial slices: the image, where prediction and ground truth end, and the soft map itself."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from softcord.errors import DataError
from softcord.nifti import Volume, to_rpi
from softcord.report.files import figure_bytes, write_bytes

FloatArray = npt.NDArray[np.float32]

PREDICTION_COLOUR = "#ffd500"
GROUND_TRUTH_COLOUR = "#29c26a"
SOFT_COLOURS = LinearSegmentedColormap.from_list("soft", ["#fff7a8", "#ffd500", "#ff8c00", "#d7191c"])
SLICES = 8
HALF_WIDTH_MM = 17.0  # the cord is 10-15 mm wide; this leaves the canal around it


def overlay_png(
    image: Volume, pred_softseg: Volume, gt_softseg: Volume | None, path: Path | str, title: str = ""
) -> None:
    """Write a PNG of evenly spaced axial slices centred on the cord.

    Upper row: the image with the 0.5 contours of prediction (yellow) and ground truth (green). Lower row:
    the soft prediction in a yellow-to-red scale over the image, with its 0.5 contour. Patient's right is on
    the left, anterior is up.

    Args:
        image: the image, native space.
        pred_softseg: soft prediction on the image's grid, 0..1.
        gt_softseg: soft (or hard) ground truth on the same grid, or None.
        path: the PNG to write.
        title: a line above the mosaic.

    Raises:
        DataError: the masks are not on the image's grid.
    """
    for name, mask in (("prediction", pred_softseg), ("ground truth", gt_softseg)):
        if mask is not None and mask.data.shape != image.data.shape:
            found = f"{name} has shape {mask.data.shape}, the image {image.data.shape}"
            raise DataError(path, found, "Bring the mask to the image's grid first")
    figure = overlay_figure(
        to_rpi(image), to_rpi(pred_softseg), None if gt_softseg is None else to_rpi(gt_softseg), title
    )
    write_bytes(path, figure_bytes(figure, "png", dpi=100))


def overlay_figure(
    image_rpi: Volume, pred_softseg_rpi: Volume, gt_softseg_rpi: Volume | None, title: str = ""
) -> Figure:
    """Draw what :func:`overlay_png` writes; all volumes are in RPI order on one grid."""
    shown = pred_softseg_rpi.data if gt_softseg_rpi is None else gt_softseg_rpi.data
    cord = shown if (shown > 0.5).any() else pred_softseg_rpi.data
    slices = slices_through(cord)
    figure = Figure(figsize=(1.35 * len(slices) + 0.5, 3.1), facecolor="black")
    axes = np.atleast_2d(figure.subplots(2, len(slices), squeeze=False))
    figure.subplots_adjust(left=0.005, right=0.94, top=0.88, bottom=0.01, wspace=0.03, hspace=0.03)
    low, high = _grey_range(image_rpi.data, cord)
    for column, k in enumerate(slices):
        box = window(cord[:, :, k], image_rpi.spacing_mm)
        extent = _extent(box, image_rpi.spacing_mm)
        grey, pred = image_rpi.data[:, :, k][box], pred_softseg_rpi.data[:, :, k][box]
        for axis in axes[:, column]:
            axis.imshow(grey.T, cmap="gray", vmin=low, vmax=high, origin="lower", extent=extent)
            axis.set_axis_off()
        if gt_softseg_rpi is not None:
            _contour(axes[0, column], gt_softseg_rpi.data[:, :, k][box], extent, GROUND_TRUTH_COLOUR)
        _contour(axes[0, column], pred, extent, PREDICTION_COLOUR)
        _soft_map(axes[1, column], pred, extent)
        axes[0, column].text(
            0.04, 0.04, f"k={k}", color="#bbbbbb", size=6, transform=axes[0, column].transAxes
        )
    _colour_bar(figure)
    _caption(figure, title, gt_softseg_rpi is not None)
    return figure


def slices_through(mask: FloatArray, count: int = SLICES) -> list[int]:
    """Pick evenly spaced axial slices (last axis) that hold cord; of the whole stack if none does."""
    holds = np.flatnonzero((mask > 0.5).any(axis=(0, 1)))
    if len(holds) == 0:
        holds = np.arange(mask.shape[2])
    picked = np.linspace(0, len(holds) - 1, min(count, len(holds))).round().astype(int)
    return [int(holds[i]) for i in picked[::-1]]


def window(mask_slice: FloatArray, spacing_mm: tuple[float, float, float]) -> tuple[slice, slice]:
    """Square window of 34 mm about the cord's centre of mass (the slice's centre if there is none)."""
    weight = np.where(mask_slice > 0.5, mask_slice, 0.0)
    box = []
    for axis in (0, 1):
        size = mask_slice.shape[axis]
        along = weight.sum(axis=1 - axis)
        centre = float(along @ np.arange(size) / along.sum()) if along.sum() > 0 else (size - 1) / 2
        half = HALF_WIDTH_MM / spacing_mm[axis]
        box.append(slice(max(0, round(centre - half)), min(size, round(centre + half) + 1)))
    return box[0], box[1]


def _extent(
    box: tuple[slice, slice], spacing_mm: tuple[float, float, float]
) -> tuple[float, float, float, float]:
    width, height = (int(side.stop - side.start) for side in box)
    return (0.0, width * spacing_mm[0], 0.0, height * spacing_mm[1])


def _grey_range(image: FloatArray, cord: FloatArray) -> tuple[float, float]:
    slices = np.flatnonzero((cord > 0.5).any(axis=(0, 1)))
    values = image[:, :, slices] if len(slices) else image
    low, high = np.percentile(values, [1, 99.5])
    return float(low), float(high) if high > low else float(low) + 1


def _contour(axis: Axes, mask: FloatArray, extent: tuple[float, float, float, float], colour: str) -> None:
    if mask.min() <= 0.5 < mask.max():
        axis.contour(mask.T, levels=[0.5], colors=[colour], linewidths=1.0, origin="lower", extent=extent)


def _soft_map(axis: Axes, soft: FloatArray, extent: tuple[float, float, float, float]) -> None:
    shown = np.ma.masked_less_equal(soft, 0.01)
    axis.imshow(
        shown.T,
        cmap=SOFT_COLOURS,
        vmin=0,
        vmax=1,
        alpha=0.75,
        origin="lower",
        extent=extent,
        interpolation="nearest",
    )
    _contour(axis, soft, extent, "black")


def _colour_bar(figure: Figure) -> None:
    axis = figure.add_axes((0.95, 0.06, 0.012, 0.34))
    axis.imshow(np.linspace(0, 1, 64)[:, None], cmap=SOFT_COLOURS, origin="lower", aspect="auto")
    axis.set_xticks([])
    axis.set_yticks([0, 31.5, 63], ["0", "0.5", "1"], color="white", size=7)
    axis.yaxis.tick_right()
    axis.tick_params(length=0)


def _caption(figure: Figure, title: str, has_ground_truth: bool) -> None:
    figure.text(0.008, 0.93, title, color="white", size=9)
    figure.text(0.93, 0.93, "prediction 0.5", color=PREDICTION_COLOUR, size=8, ha="right")
    if has_ground_truth:
        figure.text(0.80, 0.93, "ground truth 0.5", color=GROUND_TRUTH_COLOUR, size=8, ha="right")
