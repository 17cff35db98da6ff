import numpy as np
import pytest
from matplotlib.image import imread

from softcord.draw.mosaic import CELL_PIXELS, centre_of, mosaic, slices_through
from softcord.draw.qc import overlay_bytes, overlay_png
from softcord.errors import DataError
from softcord.io.nifti import Volume

RPI = np.diag([-1.0, 1.0, 1.0, 1.0])  # axcodes L-A-S, as softcord's arrays run


def cord(shape=(40, 36, 10), centre=(12, 20), radius=4.0, slices=range(2, 8)):
    x, y = np.meshgrid(np.arange(shape[0]), np.arange(shape[1]), indexing="ij")
    disc = np.clip(radius + 0.5 - np.hypot(x - centre[0], y - centre[1]), 0, 1)
    data = np.zeros(shape, np.float32)
    for k in slices:
        data[:, :, k] = disc
    return Volume(data, RPI)


def test_centre_is_the_cords_centre_of_mass():
    assert centre_of(cord(centre=(12, 20)).data[:, :, 4]) == pytest.approx((12, 20))


def test_mosaic_is_centred_on_the_cord_and_covers_the_same_millimetres_at_any_resolution():
    coarse = mosaic(*[cord(shape=(80, 80, 10), centre=(30, 44))] * 3)
    fine_cord = cord(shape=(160, 160, 10), centre=(60, 88), radius=8)
    fine = Volume(fine_cord.data, np.diag([-0.5, 0.5, 1.0, 1.0]))
    assert np.abs(coarse - mosaic(fine, fine, fine)).mean() < 0.05
    cell = coarse[:CELL_PIXELS, :CELL_PIXELS].mean(axis=2)
    rows, columns = np.nonzero(cell > 0.5)
    assert rows.mean() == pytest.approx((CELL_PIXELS - 1) / 2, abs=1)
    assert columns.mean() == pytest.approx((CELL_PIXELS - 1) / 2, abs=1)


def test_anterior_is_up_and_patients_right_is_on_the_left():
    image = np.zeros((40, 36, 10), np.float32)
    image[9:12, 29:32] = image[1:4, 17:20] = 1  # anterior of the cord; right of it
    cell = mosaic(Volume(image, RPI), cord(centre=(10, 18), radius=3), None)[:CELL_PIXELS, :CELL_PIXELS]
    grey = np.where(np.ptp(cell, axis=2) < 0.01, cell.mean(axis=2), 0)
    centre = CELL_PIXELS // 2
    assert grey[:centre, centre - 5 : centre + 5].max() > 0.9
    assert grey[centre:, centre - 5 : centre + 5].max() < 0.1
    assert grey[centre - 5 : centre + 5, :centre].max() > 0.9


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
    pixels = imread(path)[30:160, :, :3]  # upper row, without the caption
    yellow = (pixels[..., 0] > 0.7) & (pixels[..., 1] > 0.6) & (pixels[..., 2] < 0.3)
    blue = (pixels[..., 2] > 0.7) & (pixels[..., 0] < 0.45)
    assert yellow.sum() > 100
    assert blue.sum() > yellow.sum()  # the larger circle


def test_mask_on_another_grid_is_refused(tmp_path):
    image = Volume(np.zeros((40, 36, 10), np.float32), RPI)
    with pytest.raises(DataError, match="Bring the mask to the image's grid"):
        overlay_png(image, cord(shape=(40, 36, 9), slices=range(2, 8)), None, tmp_path / "qc.png")
    assert not list(tmp_path.iterdir())


def test_page_mosaic_is_a_small_jpeg():
    image = Volume(np.random.default_rng(0).random((40, 36, 10), dtype=np.float32), RPI)
    content = overlay_bytes(image, cord(), cord(radius=5))
    assert content[:2] == b"\xff\xd8"
    assert len(content) < 300_000
