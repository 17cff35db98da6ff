from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy.ndimage import label

from softcord.phantom.participant import draw_participant, image_participant
from softcord.phantom.scan import cord_samples, draw_scan
from softcord.phantom.segmenter import draw_border_offset, hard_mask

SIX = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")


def c2_c3_volumes_mm3(settings, contrast, participants):
    """Volume of hard masks and of truth in the slices of C2-C3, over participants."""
    hard = true = 0.0
    for number in range(1, participants + 1):
        anatomy, rng = draw_participant(settings, number).anatomy, np.random.default_rng(number)
        scan = draw_scan(rng, contrast, settings.scans[contrast], settings.motion_mm, settings.motion_deg)
        bias_mm = settings.boundary_bias_mm[contrast]
        border = draw_border_offset(rng, bias_mm, settings.boundary_bias_sd_mm, settings.boundary_error_sd_mm)
        samples = cord_samples(scan, anatomy, border.reach_mm)
        top, bottom = (scan.index_of(anatomy.disc_tip_mm(label))[2] for label in (2, 4))
        voxel_mm3 = np.prod(scan.settings.voxel_mm)
        hard += hard_mask(samples, border)[:, :, bottom : top + 1].sum() * voxel_mm3
        true += samples.partial_volume()[:, :, bottom : top + 1].sum() * voxel_mm3
    return hard, true


@pytest.mark.parametrize("contrast", SIX)
def test_masks_without_bias_and_error_are_unbiased_within_one_percent(tiny, contrast):
    unbiased = replace(
        tiny,
        boundary_bias_mm=dict.fromkeys(tiny.scans, 0.0),
        boundary_bias_sd_mm=0.0,
        boundary_error_sd_mm=0.0,
    )
    hard, true = c2_c3_volumes_mm3(unbiased, contrast, 6)
    assert hard == pytest.approx(true, rel=0.01)


def test_t2w_areas_come_out_about_eight_percent_above_t1w(tiny):
    ratios = []
    for contrast in ("T2w", "T1w"):
        hard, true = c2_c3_volumes_mm3(tiny, contrast, 15)
        ratios.append(hard / true)
    assert ratios[0] / ratios[1] == pytest.approx(1.08, abs=0.015)


def test_the_image_does_not_know_the_masks_bias(tiny, imaged):
    other = replace(tiny, boundary_bias_mm=dict.fromkeys(tiny.scans, 0.4))
    one, two = imaged(1, "dwi"), image_participant(other, draw_participant(tiny, 1), "dwi")
    np.testing.assert_array_equal(one.image, two.image)
    np.testing.assert_array_equal(one.truth_softseg, two.truth_softseg)
    assert two.seg.sum() > one.seg.sum()


def test_a_border_moved_outwards_adds_perimeter_times_offset(tiny):
    anatomy = draw_participant(tiny, 1).anatomy
    scan = draw_scan(np.random.default_rng(0), "T2w", tiny.scans["T2w"], 0.0, 0.0)
    samples = cord_samples(scan, anatomy, 0.2)
    k, (vx, vy, _) = 40, tiny.scans["T2w"].voxel_mm
    plain, grown = (samples.partial_volume(offset)[:, :, k].sum() * vx * vy for offset in (0.0, 0.2))
    a, b = anatomy.semi_axes_mm(np.array([0.0]))
    perimeter = float(np.pi * (3 * (a + b) - np.sqrt((3 * a + b) * (a + 3 * b)))[0])
    assert grown - plain == pytest.approx(0.2 * perimeter + np.pi * 0.2**2, rel=0.05)


def test_random_error_has_the_asked_size_and_is_smooth():
    offset = draw_border_offset(np.random.default_rng(0), 0.0, 0.0, 0.12)
    assert offset.table_mm.std() == pytest.approx(0.12, rel=0.05)
    assert np.abs(np.diff(offset.table_mm, axis=0)).mean() < 0.3 * 0.12
    assert np.abs(np.diff(offset.table_mm, axis=1)).mean() < 0.3 * 0.12


@pytest.mark.parametrize("contrast", SIX)
def test_hard_masks_are_binary_and_connected(imaged, contrast):
    seg = imaged(2, contrast).seg
    assert set(np.unique(seg)) == {0, 1}
    assert label(seg)[1] == 1


def test_hard_mask_without_offset_is_the_truth_thresholded(tiny):
    anatomy = draw_participant(tiny, 1).anatomy
    scan = draw_scan(np.random.default_rng(0), "dwi", tiny.scans["dwi"], 0.5, 1.0)
    samples = cord_samples(scan, anatomy, 0.0)
    offset = draw_border_offset(np.random.default_rng(0), 0.0, 0.0, 0.0)
    np.testing.assert_array_equal(hard_mask(samples, offset), samples.partial_volume() > 0.5)


def test_a_voxel_that_sampling_left_out_within_a_slice_is_filled():
    volume = np.zeros((7, 7, 3))
    volume[1:6, 1:6, :2] = 0.9
    volume[3, 3, 1] = 0.4
    samples = SimpleNamespace(partial_volume=lambda _offset: volume)
    drawn = hard_mask(samples, SimpleNamespace(at=lambda _samples: 0.0))
    assert drawn.dtype == np.uint8
    assert drawn[3, 3, 1] == 1
    assert drawn.sum() == 50
