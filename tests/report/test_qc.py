import numpy as np
import pytest
from matplotlib.image import imread

from softcord.errors import DataError
from softcord.nifti import Volume
from softcord.report.qc import overlay_png, slices_through, window

RPI = np.diag([-1.0, 1.0, 1.0, 1.0])  # axcodes L-A-S, as softcord's arrays run


def cord(shape=(40, 36, 10), centre=(12, 20), radius=4.0, slices=range(2, 8)):
    x, y = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    disc = np.clip(radius + 0.5 - np.hypot(x - centre[0], y - centre[1]), 0, 1)
    data = np.zeros(shape, np.float32)
    for k in slices:
        data[:, :, k] = disc
    return Volume(data, RPI)


def test_window_is_centred_on_the_cord():
    box = window(cord(shape=(80, 80, 10), centre=(30, 44)).data[:, :, 4], (1.0, 1.0, 1.0))
    assert [(side.start + side.stop - 1) / 2 for side in box] == [30, 44]
    assert box[0].stop - box[0].start == 35


def test_window_covers_the_same_millimetres_at_any_resolution():
    box = window(cord(shape=(200, 200, 10), centre=(100, 100)).data[:, :, 4], (0.5, 1.0, 1.0))
    assert box[0].stop - box[0].start == 69
    assert box[1].stop - box[1].start == 35


def test_slices_come_from_where_the_cord_is_top_first():
    assert slices_through(cord(slices=range(2, 8)).data, count=3) == [7, 4, 2]


def test_empty_prediction_is_still_drawn(tmp_path):
    image = Volume(np.random.default_rng(0).random((40, 36, 10), dtype=np.float32), RPI)
    nothing = Volume(np.zeros((40, 36, 10), np.float32), RPI)
    overlay_png(image, nothing, None, tmp_path / "new" / "qc.png")
    assert imread(tmp_path / "new" / "qc.png").shape[0] > 100


def test_prediction_and_ground_truth_contours_have_their_own_colours(tmp_path):
    image = Volume(np.zeros((40, 36, 10), np.float32), RPI)
    path = tmp_path / "qc.png"
    overlay_png(image, cord(radius=3), cord(radius=6), path)
    pixels = imread(path)[30:160, :1000, :3]  # upper row, without caption and colour bar
    yellow = (pixels[..., 0] > 0.7) & (pixels[..., 1] > 0.6) & (pixels[..., 2] < 0.3)
    green = (pixels[..., 1] > 0.6) & (pixels[..., 0] < 0.35)
    assert yellow.sum() > 100
    assert green.sum() > yellow.sum()  # the larger circle


def test_mask_on_another_grid_is_refused(tmp_path):
    image = Volume(np.zeros((40, 36, 10), np.float32), RPI)
    with pytest.raises(DataError, match="Bring the mask to the image's grid"):
        overlay_png(image, cord(shape=(40, 36, 9), slices=range(2, 8)), None, tmp_path / "qc.png")
    assert not list(tmp_path.iterdir())
