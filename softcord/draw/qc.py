"""Quality control: one PNG per image, with where prediction and ground truth end and the soft map itself."""

import io
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imsave

from softcord.draw.mosaic import GROUND_TRUTH_COLOUR, PREDICTION_COLOUR, SOFT_SCALE, Rgb, mosaic
from softcord.draw.render import figure_bytes
from softcord.errors import DataError
from softcord.io.files import write_bytes
from softcord.io.nifti import Volume, to_rpi

_DPI = 100
_BAND_PIXELS = 30


def overlay_png(
    image: Volume, pred_softseg: Volume, gt_softseg: Volume | None, path: Path | str, title: str = ""
) -> None:
    """Write a PNG of evenly spaced axial slices centred on the cord, with a caption.

    Upper row: the image with the 0.5 contours of prediction (yellow) and ground truth (blue). Lower row:
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
    rgb = overlay_pixels(image, pred_softseg, gt_softseg, where=path)
    height, width = rgb.shape[0] + _BAND_PIXELS, rgb.shape[1]
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI, facecolor="black")
    figure.figimage(rgb, 0, 0, origin="upper")
    middle = 1 - _BAND_PIXELS / height / 2
    figure.text(6 / width, middle, title, color="white", size=9, va="center")
    legend = [("prediction", PREDICTION_COLOUR), ("soft 0 to 1", SOFT_SCALE[-1][1])]
    if gt_softseg is not None:
        legend.insert(1, ("ground truth", GROUND_TRUTH_COLOUR))
    for place, (words, colour) in enumerate(reversed(legend)):
        figure.text(
            1 - (6 + 95 * place) / width, middle, words, color=colour, size=8, ha="right", va="center"
        )
    write_bytes(path, figure_bytes(figure, "png", dpi=_DPI))


def overlay_bytes(image: Volume, pred_softseg: Volume, gt_softseg: Volume | None) -> bytes:
    """Return the mosaic of :func:`overlay_png` as JPEG without a caption, for the report page."""
    rgb = overlay_pixels(image, pred_softseg, gt_softseg, where="mosaic")
    buffer = io.BytesIO()
    imsave(buffer, (rgb * 255).round().astype(np.uint8), format="jpeg", pil_kwargs={"quality": 88})
    return buffer.getvalue()


def overlay_pixels(image: Volume, pred_softseg: Volume, gt_softseg: Volume | None, where: Path | str) -> Rgb:
    """Check that all lie on one grid, turn them to RPI and return the mosaic's pixels (RGB, 0..1)."""
    for name, mask in (("prediction", pred_softseg), ("ground truth", gt_softseg)):
        if mask is not None and mask.data.shape != image.data.shape:
            found = f"{name} has shape {mask.data.shape}, the image {image.data.shape}"
            raise DataError(where, found, "Bring the mask to the image's grid first")
    truth = None if gt_softseg is None else to_rpi(gt_softseg)
    return mosaic(to_rpi(image), to_rpi(pred_softseg), truth)
