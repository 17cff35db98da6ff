"""A mosaic of axial slices as pixels: image, contours and soft map, drawn by array arithmetic to be fast."""

import numpy as np
import numpy.typing as npt

from softcord.io.nifti import Volume

FloatArray = npt.NDArray[np.float64]
Rgb = npt.NDArray[np.float64]

# Yellow and sky blue, which the colour-blind tell apart.
PREDICTION_COLOUR = (1.0, 0.84, 0.0)
GROUND_TRUTH_COLOUR = (0.34, 0.71, 0.91)
# Yellow to red: value and colour of the soft map's scale.
SOFT_SCALE = (
    (0.0, (1.00, 0.97, 0.66)),
    (0.35, (1.00, 0.84, 0.00)),
    (0.7, (1.00, 0.55, 0.00)),
    (1.0, (0.84, 0.10, 0.11)),
)
_SOFT_TABLE = np.stack(
    [
        np.interp(np.arange(256) / 255, [value for value, _ in SOFT_SCALE], [rgb[i] for _, rgb in SOFT_SCALE])
        for i in range(3)
    ],
    axis=1,
)
SLICES = 8
SIDE_MM = 34.0  # the cord is 10-15 mm wide; this leaves the canal around it
CELL_PIXELS = 132
GAP_PIXELS = 3
_OVERSAMPLING = 2  # drawn at twice the size, then averaged: smooth lines
_LINE_WIDTH = 3  # in drawn pixels


def mosaic(image_rpi: Volume, pred_softseg_rpi: Volume, gt_softseg_rpi: Volume | None) -> Rgb:
    """Return the mosaic as RGB in 0..1, shape (2 cells high, slices wide, 3).

    Upper row: the image with the 0.5 contours of prediction and ground truth. Lower row: the soft prediction
    in colours over the image, with its 0.5 contour in black. Patient's right on the left, anterior up, top
    slice first. All volumes are in RPI order on one grid.
    """
    truth = None if gt_softseg_rpi is None else gt_softseg_rpi.data
    cord = pred_softseg_rpi.data if truth is None or not (truth > 0.5).any() else truth
    slices = slices_through(cord)
    low, high = _grey_range(image_rpi.data, cord)
    columns = []
    for k in slices:
        at = _sampling(cord[:, :, k], image_rpi.spacing_mm)
        grey = np.clip((_sample(image_rpi.data[:, :, k], at) - low) / (high - low), 0, 1)
        pred = _sample(pred_softseg_rpi.data[:, :, k], at)
        upper = np.repeat(grey[..., None], 3, axis=2)
        lower = _colour(upper, pred)
        if truth is not None:
            upper = _outline(upper, _sample(truth[:, :, k], at), GROUND_TRUTH_COLOUR)
        upper = _outline(upper, pred, PREDICTION_COLOUR)
        columns.append(_stack(_shrink(upper), _shrink(_outline(lower, pred, (0.0, 0.0, 0.0))), axis=0))
    return _stack(*columns, axis=1)


def axial_cell(image_rpi: Volume, k: int, pred_rpi: Volume, truth_rpi: Volume) -> Rgb:
    """Return slice ``k`` around the true cord with the 0.5 contours of ground truth and prediction.

    RGB in 0..1, CELL_PIXELS square, turned as :func:`mosaic`; all volumes are in RPI order on one grid.
    """
    at = _sampling(truth_rpi.data[:, :, k], image_rpi.spacing_mm)
    low, high = _grey_range(image_rpi.data, truth_rpi.data)
    grey = np.clip((_sample(image_rpi.data[:, :, k], at) - low) / (high - low), 0, 1)
    rgb = _outline(
        np.repeat(grey[..., None], 3, axis=2), _sample(truth_rpi.data[:, :, k], at), GROUND_TRUTH_COLOUR
    )
    return _shrink(_outline(rgb, _sample(pred_rpi.data[:, :, k], at), PREDICTION_COLOUR))


def slices_through(mask: npt.NDArray[np.floating], count: int = SLICES) -> list[int]:
    """Pick evenly spaced axial slices (last axis) that hold cord, top first; of the whole stack if none."""
    holds = np.flatnonzero((mask > 0.5).any(axis=(0, 1)))
    if len(holds) == 0:
        holds = np.arange(mask.shape[2])
    picked = np.linspace(0, len(holds) - 1, min(count, len(holds))).round().astype(int)
    return [int(holds[i]) for i in picked[::-1]]


def centre_of(mask_slice: npt.NDArray[np.floating]) -> tuple[float, float]:
    """Centre of mass of the cord in one slice, in voxels; the slice's centre if there is none."""
    weight = np.where(mask_slice > 0.5, mask_slice, 0.0).astype(np.float64)
    if weight.sum() == 0:
        return (mask_slice.shape[0] - 1) / 2, (mask_slice.shape[1] - 1) / 2
    x, y = (weight.sum(axis=1 - axis) @ np.arange(mask_slice.shape[axis]) for axis in (0, 1))
    return float(x / weight.sum()), float(y / weight.sum())


def _sampling(
    cord_slice: npt.NDArray[np.floating], spacing_mm: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray]:
    """Linear interpolation weights, one matrix per axis, of a square of SIDE_MM about the cord's centre.

    Columns of pixels run from right to left, rows from anterior to posterior; outside the image is 0.
    """
    size = CELL_PIXELS * _OVERSAMPLING
    offsets_mm = (np.arange(size) + 0.5) / size * SIDE_MM - SIDE_MM / 2
    centre, (width, height) = centre_of(cord_slice), cord_slice.shape
    x, y = centre[0] + offsets_mm / spacing_mm[0], centre[1] - offsets_mm / spacing_mm[1]
    across = np.maximum(0, 1 - np.abs(x[:, None] - np.arange(width)))
    down = np.maximum(0, 1 - np.abs(y[:, None] - np.arange(height)))
    return across, down


def _sample(plane: npt.NDArray[np.floating], at: tuple[FloatArray, FloatArray]) -> FloatArray:
    across, down = at
    return np.asarray(down @ plane.T.astype(np.float64) @ across.T)


def _grey_range(image: npt.NDArray[np.floating], cord: npt.NDArray[np.floating]) -> tuple[float, float]:
    slices = np.flatnonzero((cord > 0.5).any(axis=(0, 1)))
    low, high = np.percentile(image[:, :, slices] if len(slices) else image, [1, 99.5])
    return float(low), float(high) if high > low else float(low) + 1


def _colour(rgb: Rgb, soft: FloatArray, opacity: float = 0.75) -> Rgb:
    coloured = _SOFT_TABLE[np.clip(soft * 255, 0, 255).astype(np.intp)]
    return np.where(soft[..., None] > 0.01, rgb * (1 - opacity) + coloured * opacity, rgb)


def _outline(rgb: Rgb, mask: FloatArray, colour: tuple[float, float, float]) -> Rgb:
    inside = mask > 0.5
    core = inside.copy()
    for axis in (0, 1):
        for step in (-_LINE_WIDTH, _LINE_WIDTH):
            core &= np.roll(inside, step, axis)
    drawn = rgb.copy()
    drawn[inside & ~core] = colour
    return drawn


def _shrink(rgb: Rgb) -> Rgb:
    corners = (
        rgb[i::_OVERSAMPLING, j::_OVERSAMPLING] for i in range(_OVERSAMPLING) for j in range(_OVERSAMPLING)
    )
    total: Rgb = np.add.reduce(list(corners))
    return total / _OVERSAMPLING**2


def _stack(*parts: Rgb, axis: int) -> Rgb:
    gap = np.zeros((GAP_PIXELS, parts[0].shape[1], 3) if axis == 0 else (parts[0].shape[0], GAP_PIXELS, 3))
    spaced = [piece for part in parts for piece in (part, gap)][:-1]
    return np.concatenate(spaced, axis=axis)
