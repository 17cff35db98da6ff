"""Faint values far from the cord are no cord; its partial-volume rim is."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from softcord.io.nifti import Volume, write_volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.files import MaskFiles, MeasureSettings, measure_file
from softcord.measure.image import measure_image
from softcord.measure.slices import cord_voxels
from softcord.measure.tails import without_tails

VOXELS = [(0.5, 0.5, 5.0), (1.0, 1.0, 1.0), (0.9, 0.9, 5.0)]


def exact_cord(voxel_mm: tuple[float, float, float], lean: float = 0.0) -> Volume:
    """An ellipse of 6.5 x 4 mm along z that leans by ``lean`` mm a mm; 6 x 6 x 12 samples a voxel."""
    size_mm = (60.0, 60.0, 40.0)
    shape = tuple(int(size / voxel) for size, voxel in zip(size_mm, voxel_mm, strict=True))
    data = np.zeros(shape)
    x, y, z = (axis.astype(float) for axis in np.indices(shape))
    steps = [(np.arange(n) + 0.5) / n - 0.5 for n in (6, 6, 12)]
    for a in steps[0]:
        for b in steps[1]:
            for c in steps[2]:
                mm = [
                    (i + s - n / 2) * v
                    for i, s, n, v in zip((x, y, z), (a, b, c), shape, voxel_mm, strict=True)
                ]
                data += ((mm[0] / 6.5) ** 2 + ((mm[1] - lean * mm[2]) / 4.0) ** 2 <= 1) / 432
    return Volume(data.astype(np.float32), np.diag([-voxel_mm[0], voxel_mm[1], voxel_mm[2], 1.0]))


@pytest.fixture(scope="module")
def cord() -> Volume:
    return exact_cord((1.0, 1.0, 2.0))


def soft_mm2(mask: Volume) -> float:
    return float(csa_per_slice(cord_voxels(mask))["area_mm2"].mean())


@pytest.mark.parametrize("voxel_mm", [(1.0, 1.0, 2.0), (0.9, 0.9, 5.0)])
@pytest.mark.parametrize("lean", [0.0, 0.2, 0.45])
def test_exact_partial_volumes_change_by_less_than_a_twentieth_of_a_percent(
    voxel_mm: tuple[float, float, float], lean: float
) -> None:
    mask = exact_cord(voxel_mm, lean)
    kept = without_tails(mask).mask
    assert abs(kept.data.sum() / mask.data.sum() - 1) < 0.0005


@pytest.mark.parametrize("background", [0.001, 0.003, 0.01])
def test_a_faint_background_is_left_out_and_told(cord: Volume, background: float) -> None:
    with_tail = Volume(np.maximum(cord.data, np.float32(background)), cord.affine)
    with_everything = float(csa_per_slice(cord_voxels(with_tail, tails=True))["area_mm2"].mean())
    assert with_everything > 1.03 * soft_mm2(cord)
    assert soft_mm2(with_tail) == pytest.approx(soft_mm2(cord), rel=0.001)
    table = csa_per_slice(cord_voxels(with_tail))
    assert table["findings"].str.contains("tails:").all()


def test_noise_far_from_the_cord_is_left_out(cord: Volume) -> None:
    noise = np.abs(np.random.default_rng(1).normal(0, 0.005, cord.data.shape))
    noisy = Volume(np.clip(cord.data + noise, 0, 1).astype(np.float32), cord.affine)
    assert soft_mm2(noisy) == pytest.approx(soft_mm2(cord), rel=0.005)


def test_a_blurred_mask_keeps_its_area(cord: Volume) -> None:
    blurred = Volume(gaussian_filter(cord.data, (1.0, 1.0, 0)), cord.affine)
    assert soft_mm2(blurred) == pytest.approx(soft_mm2(cord), rel=0.005)


def test_the_rule_does_not_depend_on_the_masks_scale(cord: Volume) -> None:
    half = without_tails(Volume(cord.data / 2, cord.affine)).mask.data
    np.testing.assert_array_equal(half, without_tails(cord).mask.data / 2)


def test_binary_masks_stay_as_they_are(cord: Volume) -> None:
    hard = Volume((cord.data > 0.5).astype(np.float32), cord.affine)
    assert without_tails(hard).mask is hard


def test_slices_are_told_in_rpi_order_whatever_the_orientation(cord: Volume) -> None:
    data = cord.data.copy()
    data[:3, :3, 0] = 0.4
    expected = without_tails(Volume(data, cord.affine)).left_out_pct
    assert expected[0] > 1
    assert expected[1:].max() < 0.1
    turned = Volume(
        np.ascontiguousarray(data[:, :, ::-1].transpose(2, 0, 1)), _turned(cord.affine, data.shape[2])
    )
    np.testing.assert_allclose(without_tails(turned).left_out_pct, expected)


def _turned(affine: np.ndarray, slices: int) -> np.ndarray:
    turn = np.zeros((4, 4))
    turn[2, 0], turn[0, 1], turn[1, 2], turn[3, 3] = -1, 1, 1, 1
    turn[2, 3] = slices - 1
    return np.asarray(affine @ turn)


def test_measure_and_evaluate_leave_out_alike_and_only_if_not_told_otherwise(cord: Volume, tmp_path) -> None:  # type: ignore[no-untyped-def]
    tail = Volume(np.maximum(cord.data, np.float32(0.01)), cord.affine)
    write_volume(tmp_path / "mask.nii.gz", tail.data, tail.affine)
    files = MaskFiles(tmp_path / "mask.nii.gz")
    settings = MeasureSettings(modes=("soft",))
    clean = measure_file(files, settings).groups
    raw = measure_file(files, replace(settings, tails=True)).groups
    evaluated = {one.metric: one.value for one in measure_image(tail)}
    assert evaluated["csa_mm2"] == pytest.approx(float(clean["area_mm2"].iloc[0]))
    assert evaluated["tails_left_out_pct"] > 10
    assert "tails in" in clean["findings"].iloc[0]
    assert raw["area_mm2"].iloc[0] > 1.2 * clean["area_mm2"].iloc[0]
