"""The external sets' difficulties: what is true of a squeezed, lesioned or distorted cord stays exact."""

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.instantiate import build
from softcord.phantom.anatomy import draw_anatomy
from softcord.phantom.participant import draw_participant, image_participant
from softcord.phantom.pathology import HEALTHY, Compression, Lesion, Pathology, draw_pathology
from softcord.phantom.scan import cord_samples, draw_scan, render
from softcord.phantom.settings import PathologySettings, PhantomSettings
from softcord.phantom.thoracolumbar import draw_thoracolumbar
from softcord.phantom.tissues import SIGNAL, Tissue

VARIANTS = {"sci_t2w": "T2w", "ms_mp2rage": "UNIT1", "radiculopathy_epi": "EPI", "flair": "FLAIR"}


def preset(name):
    settings = build(compose(f"phantom={name}").config["phantom"], "phantom")
    assert isinstance(settings, PhantomSettings)
    return settings


def scanned(settings, anatomy, seed=3):
    """Scan and true partial volume of one anatomy with the dataset's only contrast."""
    (contrast,) = settings.scans
    rng = np.random.default_rng(seed)
    scan = draw_scan(rng, contrast, settings.scans[contrast], settings.motion_mm, settings.motion_deg)
    return scan, cord_samples(scan, anatomy, 0.0).partial_volume()


def noise_free(scan, anatomy, truth_softseg):
    signal = {tissue: SIGNAL[scan.contrast][tissue] for tissue in Tissue}
    return render(np.random.default_rng(0), scan, anatomy, truth_softseg, signal)


def counted(scan, anatomy, voxel, n=16):
    """Fraction of a voxel that the cord fills, by counting points inside the ellipse."""
    offsets = (np.arange(n) + 0.5) / n - 0.5
    di, dj, dk = (grid.ravel() for grid in np.meshgrid(offsets, offsets, offsets, indexing="ij"))
    i, j, k = voxel
    at = scan.points(anatomy, i + di, j + dj, k + dk)
    a, b = anatomy.semi_axes_mm(at.s)
    ends = (at.s < anatomy.cord_top_mm) & (at.s > anatomy.cord_bottom_mm)
    return np.mean(((at.u / a) ** 2 + (at.v / b) ** 2 < 1) & ends)


@pytest.mark.parametrize("name", VARIANTS)
def test_true_partial_volume_equals_dense_counting_in_every_variant(name):
    settings = preset(name)
    for number in (1, 4):
        anatomy = draw_participant(settings, number).anatomy
        scan, truth_softseg = scanned(settings, anatomy)
        partly = np.argwhere((truth_softseg > 0.02) & (truth_softseg < 0.98))
        errors = [
            truth_softseg[tuple(voxel)] - counted(scan, anatomy, voxel)
            for voxel in partly[:: len(partly) // 60]
        ]
        assert np.abs(errors).max() < 0.06
        assert abs(np.mean(errors)) < 0.004


@pytest.mark.parametrize("name", VARIANTS)
def test_nothing_of_the_cord_is_missed_or_added_away_from_its_border(name):
    settings = preset(name)
    anatomy = draw_participant(settings, 2).anatomy
    scan, truth_softseg = scanned(settings, anatomy)
    rng = np.random.default_rng(0)
    for is_inside in (True, False):
        near = np.argwhere(truth_softseg > 0) if is_inside else np.argwhere(truth_softseg == 0)
        surely = near[rng.choice(len(near), 60, replace=False)]
        for voxel in surely:
            assert truth_softseg[tuple(voxel)] == pytest.approx(counted(scan, anatomy, voxel, 8), abs=0.07)


def test_the_true_area_of_a_squeezed_cord_is_that_of_its_ellipse_and_loses_the_asked_share():
    healthy = draw_anatomy(np.random.default_rng(1), 75.0, 5.0)
    squeezed = replace(healthy, pathology=Pathology((Compression(-10.0, 5.0, 0.4),)))
    s = np.linspace(-40, 20, 121)
    a, b = squeezed.semi_axes_mm(s)
    np.testing.assert_allclose(pi * a * b, squeezed.csa_mm2(s), rtol=1e-12)
    place = np.array([-10.0])
    assert squeezed.csa_mm2(place) == pytest.approx(0.6 * healthy.csa_mm2(place))
    assert squeezed.semi_axes_mm(place)[1] < 0.6 * healthy.semi_axes_mm(place)[1]  # front to back
    assert squeezed.semi_axes_mm(place)[0] > healthy.semi_axes_mm(place)[0]  # it yields to the sides
    far = np.array([30.0])
    assert squeezed.csa_mm2(far) == pytest.approx(healthy.csa_mm2(far))


def test_the_table_of_true_areas_knows_the_compression():
    healthy = draw_anatomy(np.random.default_rng(1), 75.0, 5.0)
    at_c2c3 = replace(healthy, pathology=Pathology((Compression(0.0, 5.0, 0.5),)))
    s = np.linspace(healthy.disc_s_mm[4], healthy.disc_s_mm[2], 20001)
    expected = np.trapezoid(at_c2c3.csa_mm2(s), s) / (s[-1] - s[0])
    assert at_c2c3.level_csa_mm2(2, 4) == pytest.approx(expected, rel=1e-4)
    assert at_c2c3.level_csa_mm2(2, 4) < 0.9 * healthy.level_csa_mm2(2, 4)


def test_lesions_change_the_signal_inside_the_cord_only_and_never_the_truth():
    settings = preset("ms_mp2rage")
    healthy = replace(draw_participant(settings, 2).anatomy, pathology=HEALTHY)
    lesion = Lesion(s_mm=0.0, half_length_mm=8.0, u=0.3, v=-0.4, radius=0.5, signal=0.4)
    lesioned = replace(healthy, pathology=Pathology(lesions=(lesion,)))
    scan, truth_softseg = scanned(settings, healthy)
    _, same = scanned(settings, lesioned)
    np.testing.assert_array_equal(truth_softseg, same)
    change = noise_free(scan, lesioned, truth_softseg) - noise_free(scan, healthy, truth_softseg)
    assert not change[truth_softseg == 0].any()
    assert (change <= 0).all()
    # The ellipsoid's volume: 4/3 pi of its three semi-axes, the two in plane in units of the cord's.
    a, b = (float(axis[0]) for axis in healthy.semi_axes_mm(np.zeros(1)))
    drop = SIGNAL["UNIT1"][Tissue.WHITE_MATTER] * (1 - 0.4)
    volume_mm3 = float(-change.sum()) / drop * np.prod(scan.settings.voxel_mm)
    assert volume_mm3 == pytest.approx(
        4 / 3 * pi * 8.0 * 0.5 * a * 0.5 * b, rel=0.25
    )  # grey matter is darker


def test_hyperintense_lesions_lie_between_cord_and_csf_on_the_lower_spines_t2w():
    settings = preset("sci_t2w")
    anatomy = draw_participant(settings, 1).anatomy
    scan, truth_softseg = scanned(settings, anatomy)
    image = noise_free(scan, anatomy, truth_softseg)
    plain = noise_free(
        scan, replace(anatomy, pathology=replace(anatomy.pathology, lesions=())), truth_softseg
    )
    core = image[(image - plain) > 0.5]
    assert len(core) > 20
    assert np.median(plain[truth_softseg == 1]) < np.median(core) < SIGNAL["T2w"][Tissue.CSF]


def test_the_hard_masks_of_the_variants_follow_the_true_border():
    for name in ("sci_t2w", "ms_mp2rage", "radiculopathy_epi"):
        settings = preset(name)
        (contrast,) = settings.scans
        dice = []
        for number in (1, 2):
            seen = image_participant(settings, draw_participant(settings, number), contrast)
            truth = seen.truth_softseg > 0.5
            dice.append(2 * (seen.seg * truth).sum() / (seen.seg.sum() + truth.sum()))
        assert min(dice) > 0.93, name
        assert np.mean(dice) > 0.95, name


def test_the_distorted_cord_has_the_area_of_its_border_seen_through_the_field():
    """The cord's outline carried forward into the image, slice by slice, against the mask's area."""
    settings = preset("radiculopathy_epi")
    thin = replace(settings.scans["EPI"], matrix=(80, 80, 40), voxel_mm=(0.89, 0.89, 0.5), distortion_mm=3.0)
    scan = draw_scan(np.random.default_rng(5), "EPI", thin, 0.0, 0.0)
    anatomy = replace(draw_participant(settings, 2).anatomy, pathology=HEALTHY)
    truth_softseg = cord_samples(scan, anatomy, 0.0).partial_volume()
    scan = replace(scan, jitter_mm=np.zeros_like(scan.jitter_mm))
    truth_softseg = cord_samples(scan, anatomy, 0.0).partial_volume()
    angle = np.linspace(0, 2 * pi, 400, endpoint=False)
    ratios = []
    for k in range(5, 35, 6):
        z = scan.origin_mm[2] + 0.5 * k
        # The outline of the oblique cord in this axial plane: from far outside towards the centre.
        radius = np.linspace(0, 14, 2801)[:, None]
        cx, cy, _, _ = anatomy.centreline.at(np.array([z]))
        x, y = cx + radius * np.cos(angle), cy + radius * np.sin(angle)
        u, v, s = anatomy.cord_frame(x, y, np.full_like(x, z))
        a, b = anatomy.semi_axes_mm(s)
        edge = radius[((u / a) ** 2 + (v / b) ** 2 < 1).sum(axis=0), 0]
        x, y = cx + edge * np.cos(angle), cy + edge * np.sin(angle)
        seen = np.array([scan.field.seen_at_mm(*place, z) for place in zip(x, y, strict=True)])
        area = 0.5 * abs(np.sum(x * np.roll(seen, -1) - np.roll(x, -1) * seen))
        true = 0.5 * abs(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))
        assert truth_softseg[:, :, k].sum() * 0.89**2 == pytest.approx(area, rel=0.01)
        ratios.append(area / true)
    assert np.ptp(ratios) > 0.02  # the distortion does change areas


def test_disc_labels_are_seen_where_the_distorted_image_shows_the_disc():
    settings = preset("radiculopathy_epi")
    for number in (1, 2, 3):
        anatomy = draw_participant(settings, number).anatomy
        scan, _ = scanned(settings, anatomy, seed=number)
        for label in (3, 4, 5, 6):
            tip = anatomy.disc_tip_mm(label)
            voxel = scan.index_of(tip)
            assert voxel is not None
            at = scan.points(anatomy, *(np.array([float(index)]) for index in voxel))
            vx, vy, vz = scan.settings.voxel_mm
            assert abs(at.x[0] - tip[0]) < vx
            assert abs(at.y[0] - tip[1]) < 1.5 * vy
            assert abs(at.z[0] - tip[2]) < vz


def test_drop_out_takes_signal_away_in_some_slices_and_pile_up_keeps_the_rest():
    settings = preset("radiculopathy_epi")
    shares = []
    for number in range(1, 7):
        anatomy = draw_participant(settings, number).anatomy
        scan, truth_softseg = scanned(settings, anatomy, seed=number)
        image = noise_free(scan, anatomy, truth_softseg)
        plain = noise_free(replace(scan, field=None), anatomy, truth_softseg)
        shares += [
            image[:, :, k][truth_softseg[:, :, k] > 0.9].mean()
            / plain[:, :, k][truth_softseg[:, :, k] > 0.9].mean()
            for k in range(image.shape[2])
            if (truth_softseg[:, :, k] > 0.9).any()
        ]
    assert min(shares) < 0.5
    assert 0.85 < np.median(shares) < 1.15


def test_the_cord_of_the_lower_spine_ends_in_a_conus_and_roots_below_it_are_no_cord():
    settings = preset("sci_t2w")
    anatomy = draw_participant(settings, 1).anatomy
    s = np.array([anatomy.conus_mm + 1, anatomy.conus_mm + 20, anatomy.conus_mm + 45])
    narrow, wider, widest = anatomy.csa_mm2(s)
    assert narrow < 0.15 * widest
    assert narrow < wider < widest
    scan, truth_softseg = scanned(settings, anatomy)
    heights = scan.origin_mm[2] + scan.settings.voxel_mm[2] * np.arange(truth_softseg.shape[2])
    below = heights < anatomy.conus_mm - 6
    if below.any():
        assert not truth_softseg[:, :, below].any()
    areas = [
        draw_thoracolumbar(np.random.default_rng(n), 52.0, 5.0).level_csa_mm2(18, 20) for n in range(300)
    ]
    assert np.mean(areas) == pytest.approx(52.0, abs=1.0)


def test_uni_images_fill_their_range_have_no_receive_field_and_noise_in_air():
    settings = preset("ms_mp2rage")
    seen = image_participant(settings, draw_participant(settings, 3), "UNIT1")
    other = image_participant(replace(settings, bias_field=0.0), draw_participant(settings, 3), "UNIT1")
    np.testing.assert_array_equal(seen.image, other.image)
    assert seen.image.min() >= 0
    assert seen.image.max() <= 4095
    cord = seen.image[seen.truth_softseg == 1]
    airway = seen.image[20:28, -6:, 40:60]  # the front of the view: the pharynx
    assert airway.std() > 2 * cord.std()
    assert np.median(cord) > 2300


def test_a_share_of_the_participants_are_patients_and_the_table_says_who():
    settings = replace(preset("ms_mp2rage"), n_participants=200)
    said = [draw_participant(settings, number).row["pathology"] for number in range(1, 201)]
    assert set(said) == {"HC", "MS"}
    assert 0.54 < said.count("MS") / 200 < 0.74
    for number in range(1, 30):
        who = draw_participant(settings, number)
        assert (who.row["pathology"] == "HC") == (who.anatomy.pathology == HEALTHY)


def test_lesions_lie_within_the_cord_and_the_asked_ranges():
    settings = PathologySettings("X", lesions=(3, 3), lesion_radius=(0.2, 0.4), lesion_length_mm=(5.0, 10.0))
    for seed in range(50):
        found = draw_pathology(np.random.default_rng(seed), settings, (-40.0, 10.0))
        assert len(found.lesions) == 3
        for lesion in found.lesions:
            assert np.hypot(lesion.u, lesion.v) + lesion.radius <= 1 + 1e-9
            assert 2.5 <= lesion.half_length_mm <= 5.0
            assert -40 <= lesion.s_mm <= 10


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("patients", 1.5),
        ("lesions", (2, 1)),
        ("lesion_radius", (0.2, 1.2)),
        ("area_loss", (0.2, 0.95)),
        ("lesion_signal", -0.1),
    ],
)
def test_a_pathology_out_of_range_is_refused_by_its_name(field, value):
    with pytest.raises(ValueError, match=rf"^{field}: "):
        replace(PathologySettings("X"), **{field: value})
