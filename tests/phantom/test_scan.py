from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from softcord.contrasts import CONTRASTS
from softcord.io.nifti import RPI_AXCODES
from softcord.phantom.acquire import acquire
from softcord.phantom.participant import disc_labels, draw_participant
from softcord.phantom.scan import cord_samples, draw_scan, render, tissue_map
from softcord.phantom.tissues import SIGNAL, Tissue

SIX = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")


@pytest.fixture(scope="module")
def anatomy(tiny):
    return draw_participant(tiny, 1).anatomy


def scan_of(tiny, contrast, seed=3):
    return draw_scan(
        np.random.default_rng(seed), contrast, tiny.scans[contrast], tiny.motion_mm, tiny.motion_deg
    )


def slices_of_c2_c3(scan, anatomy, truth_softseg):
    """Yield (area perpendicular to the cord, true area) of each slice within C2-C3."""
    vx, vy, _ = scan.settings.voxel_mm
    for k in range(scan.settings.matrix[2]):
        plane = truth_softseg[:, :, k]
        if plane.sum() == 0:
            continue
        i, j = (np.average(np.arange(n), weights=plane.sum(1 - axis)) for axis, n in enumerate(plane.shape))
        s = scan.points(anatomy, np.array([i]), np.array([j]), np.array([float(k)])).s
        if anatomy.disc_s_mm[4] < s[0] < anatomy.disc_s_mm[2]:
            _, _, dx, dy = anatomy.centreline.at(s)
            tangent = scan.rotation @ np.array([dx[0], dy[0], 1.0])
            yield plane.sum() * vx * vy * tangent[2] / np.linalg.norm(tangent), anatomy.csa_mm2(s)[0]


@pytest.mark.parametrize("contrast", SIX)
def test_true_partial_volume_sums_to_the_analytic_area(tiny, contrast):
    for number in (1, 2, 3):
        anatomy, scan = draw_participant(tiny, number).anatomy, scan_of(tiny, contrast, number)
        truth_softseg = cord_samples(scan, anatomy, 0.0).partial_volume()
        measured, true = np.array(list(slices_of_c2_c3(scan, anatomy, truth_softseg))).T
        relative = measured / true - 1
        assert abs(relative.mean()) < 0.001
        assert np.abs(relative).max() < 0.003


@pytest.mark.parametrize("contrast", ["T2w", "T2star", "dwi"])
def test_true_partial_volume_equals_dense_counting(tiny, anatomy, contrast):
    scan = scan_of(tiny, contrast)
    truth_softseg = cord_samples(scan, anatomy, 0.0).partial_volume()
    partly = np.argwhere((truth_softseg > 0.02) & (truth_softseg < 0.98))
    offsets = (np.arange(20) + 0.5) / 20 - 0.5
    di, dj, dk = (grid.ravel() for grid in np.meshgrid(offsets, offsets, offsets, indexing="ij"))
    for i, j, k in partly[:: max(1, len(partly) // 40)]:
        at = scan.points(anatomy, i + di, j + dj, k + dk)
        a, b = anatomy.semi_axes_mm(at.s)
        counted = np.mean((at.u / a) ** 2 + (at.v / b) ** 2 < 1)
        assert truth_softseg[i, j, k] == pytest.approx(counted, abs=0.03)


@pytest.mark.parametrize("contrast", SIX)
def test_index_of_undoes_points(tiny, anatomy, contrast):
    scan = scan_of(tiny, contrast)
    rng = np.random.default_rng(1)
    for voxel in rng.integers(0, scan.settings.matrix, (20, 3)):
        at = scan.points(anatomy, *(np.array([float(index)]) for index in voxel))
        assert scan.index_of(np.array([at.x[0], at.y[0], at.z[0]], dtype=float)) == tuple(voxel)


def test_a_place_outside_the_view_has_no_index(tiny):
    assert scan_of(tiny, "T2star").index_of(np.array([0.0, 0.0, 500.0])) is None
    assert scan_of(tiny, "T2star").index_of(np.array([500.0, 0.0, 0.0])) is None


@pytest.mark.parametrize("contrast", SIX)
def test_stored_axes_are_as_asked_and_span_the_same_voxels(tiny, contrast):
    scan = scan_of(tiny, contrast)
    assert nib.aff2axcodes(scan.affine_rpi) == RPI_AXCODES
    assert nib.aff2axcodes(scan.affine_native) == tuple(scan.settings.axcodes)
    assert abs(np.linalg.det(scan.affine_native[:3, :3])) == pytest.approx(np.prod(scan.settings.voxel_mm))


@pytest.mark.parametrize("contrast", SIX)
def test_c2_c3_and_the_whole_cord_are_in_view_in_every_contrast(tiny, contrast):
    for number in range(1, 41):
        anatomy, scan = draw_participant(tiny, number).anatomy, scan_of(tiny, contrast, number)
        assert {2, 3, 4} <= set(np.unique(disc_labels(scan, anatomy)))
        if number % 8 == 0:
            inside = cord_samples(scan, anatomy, 0.0).partial_volume() > 0
            inside[1:-1, 1:-1] = False
            assert not inside.any()


@pytest.mark.parametrize("contrast", SIX)
def test_disc_labels_are_single_voxels_in_order_in_front_of_the_cord(imaged, contrast):
    seen = imaged(2, contrast)
    found = sorted((int(seen.discs[tuple(voxel)]), *voxel) for voxel in np.argwhere(seen.discs))
    labels, slices = [row[0] for row in found], [row[3] for row in found]
    assert len(set(labels)) == len(labels)
    assert slices == sorted(slices, reverse=True)
    for _, i, j, k in found:
        cord = np.argwhere(seen.seg[:, :, k])
        if len(cord):
            assert j > cord[:, 1].max() - 1
            assert abs(i - cord[:, 0].mean()) < 3 / seen.scan.settings.voxel_mm[0]


def noise_free(tiny, contrast):
    scan, who = scan_of(tiny, contrast), draw_participant(tiny, 1)
    truth_softseg = cord_samples(scan, who.anatomy, 0.0).partial_volume()
    signal = {tissue: SIGNAL[contrast][tissue] for tissue in Tissue}
    image = render(np.random.default_rng(0), scan, who.anatomy, truth_softseg, signal)
    return image, tissue_map(scan, who.anatomy, truth_softseg)


@pytest.mark.parametrize(
    ("contrast", "dark", "bright"),
    [
        ("T1w", Tissue.CSF, Tissue.WHITE_MATTER),
        ("T1w", Tissue.MUSCLE, Tissue.FAT),
        ("T2w", Tissue.WHITE_MATTER, Tissue.CSF),
        ("T2w", Tissue.CORTICAL_BONE, Tissue.MARROW),
        ("T2star", Tissue.WHITE_MATTER, Tissue.GREY_MATTER),
        ("T2star", Tissue.GREY_MATTER, Tissue.CSF),
        ("MTon", Tissue.WHITE_MATTER, Tissue.CSF),
        ("GREt1w", Tissue.CSF, Tissue.WHITE_MATTER),
        ("dwi", Tissue.CSF, Tissue.WHITE_MATTER),
        ("dwi", Tissue.MUSCLE, Tissue.WHITE_MATTER),
    ],
)
def test_tissues_are_ordered_as_in_the_contrast(tiny, contrast, dark, bright):
    image, tissues = noise_free(tiny, contrast)
    assert np.median(image[tissues == dark]) < np.median(image[tissues == bright])


def test_every_known_contrast_has_a_signal_for_every_tissue():
    assert set(SIGNAL) == set(CONTRASTS)
    assert {len(row) for row in SIGNAL.values()} == {len(Tissue)}


def test_image_of_the_cord_alone_is_its_partial_volume(tiny, anatomy):
    scan = scan_of(tiny, "T2star")
    truth_softseg = cord_samples(scan, anatomy, 0.0).partial_volume()
    signal = dict.fromkeys(Tissue, 0.0) | {Tissue.WHITE_MATTER: 1.0, Tissue.GREY_MATTER: 1.0}
    image = render(np.random.default_rng(0), scan, anatomy, truth_softseg, signal)
    np.testing.assert_allclose(image, truth_softseg, atol=1e-6)


def test_noise_is_rician():
    silent = np.zeros((40, 40, 40), np.float32)
    noise = acquire(np.random.default_rng(0), silent, bias_field=0.0, noise=2.0)
    assert noise.mean() == pytest.approx(2.0 * np.sqrt(np.pi / 2), rel=0.01)
    assert (noise >= 0).all()


def test_without_noise_and_field_the_image_is_unchanged():
    image = np.random.default_rng(0).random((5, 6, 7), np.float32)
    np.testing.assert_allclose(acquire(np.random.default_rng(0), image, 0.0, 0.0), image, rtol=1e-6)


def test_the_head_moves_between_contrasts_but_its_anatomy_does_not_change(tiny, imaged):
    first, second = imaged(1, "MTon").scan, imaged(1, "GREt1w").scan
    assert not np.allclose(first.shift_mm, second.shift_mm)
    still = replace(tiny, motion_mm=0.0, motion_deg=0.0)
    assert draw_participant(still, 1).anatomy == draw_participant(tiny, 1).anatomy
