"""One participant from masks to native ground truth."""

import numpy as np
import pytest

from softcord.errors import DataError
from softcord.gt.build import build_participant
from softcord.gt.grid import Grid, grid_of
from softcord.gt.settings import GtSettings
from softcord.io.nifti import Volume

SIX = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")


@pytest.fixture(scope="module")
def segs(cord, tilt):
    return {
        "T2w": cord((40, 36, 60), (0.8, 0.8, 0.8)),
        "T1w": cord((34, 34, 60), (1.0, 1.0, 1.0), lambda z: (1.0, 0.5)),
        "T2star": cord((60, 60, 7), (0.5, 0.5, 5.0), lambda z: (-0.7, 1.0)),
        "dwi": cord((34, 34, 7), (0.9, 0.9, 5.0), lambda z: (0.4, -0.8), turn=tilt(8)),
    }


def area_mm2(volume):
    """Mean area in the slices with cord, the cut ones at the ends aside."""
    i, j, _ = volume.spacing_mm
    areas = volume.data.sum(axis=(0, 1)) * i * j
    return areas[areas > 0][1:-1].mean()


def test_six_identical_masks_average_to_the_mask(cord):
    mask = cord((30, 30, 12), (0.8, 0.8, 2.0))
    gt = build_participant(dict.fromkeys(SIX, mask), SIX, GtSettings())
    for contrast in SIX:
        np.testing.assert_allclose(gt.softsegs[contrast].data, mask.data, atol=1e-6)


def test_every_contrast_gets_a_mask_on_its_own_grid(segs):
    gt = build_participant(segs, list(segs), GtSettings())
    for contrast, seg in segs.items():
        soft = gt.softsegs[contrast]
        assert soft.data.shape == seg.data.shape
        np.testing.assert_array_equal(soft.affine, seg.affine)
        assert soft.data.dtype == np.float32
        assert soft.data.min() >= 0
        assert soft.data.max() <= 1
        assert ((soft.data > 0) & (soft.data < 1)).any()


def test_area_of_the_cord_survives_in_every_contrast(segs):
    gt = build_participant(segs, list(segs), GtSettings())
    true_mm2 = np.pi * 6.5 * 4.0
    for contrast in ("T2w", "T1w", "T2star"):
        assert area_mm2(gt.softsegs[contrast]) == pytest.approx(true_mm2, rel=0.01)
    assert area_mm2(gt.softsegs["dwi"]) * np.cos(np.deg2rad(8)) == pytest.approx(true_mm2, rel=0.01)


def test_no_ground_truth_outside_the_slices_with_cord(segs):
    gt = build_participant(segs, list(segs), GtSettings())
    short = segs["T2w"].data.copy()
    short[:, :, :10] = 0
    cut = build_participant({**segs, "T2w": Volume(short, segs["T2w"].affine)}, list(segs), GtSettings())
    assert gt.softsegs["T2w"].data[:, :, :10].any()
    assert not cut.softsegs["T2w"].data[:, :, :10].any()
    assert cut.softsegs["T2w"].data[:, :, 10].any()


def test_slices_beyond_the_reference_keep_their_own_mask(segs):
    """The paper's pipeline loses them: its average ends where the T2w image does."""
    gt = build_participant(segs, list(segs), GtSettings())
    own, soft = segs["T1w"].data[:, :, -4:], gt.softsegs["T1w"].data[:, :, -4:]
    assert soft.sum() == pytest.approx(own.sum(), rel=0.03)
    paper = build_participant(segs, list(segs), GtSettings(beyond_reference=False)).softsegs["T1w"].data
    assert not paper[:, :, -4:].any()
    inner = np.s_[:, :, 10:-10]
    np.testing.assert_allclose(paper[inner], gt.softsegs["T1w"].data[inner], atol=1e-6)


def test_contrasts_outside_the_set_receive_but_do_not_contribute(segs):
    two = build_participant(segs, ("T1w", "T2w"), GtSettings())
    moved = {**segs, "T2star": Volume(np.roll(segs["T2star"].data, 3, axis=0), segs["T2star"].affine)}
    same = build_participant(moved, ("T1w", "T2w"), GtSettings())
    np.testing.assert_array_equal(two.softsegs["T2w"].data, same.softsegs["T2w"].data)
    assert two.softsegs["T2star"].data.sum() > 0
    assert two.rows["T2star"]["role"] == "received"
    assert two.rows["T2star"]["weight_share"] == 0
    # its mask moved by 1.5 mm, and the ground truth with it
    np.testing.assert_allclose(
        np.roll(two.softsegs["T2star"].data, 3, axis=0), same.softsegs["T2star"].data, atol=0.02
    )


def test_an_image_without_mask_receives_the_average_by_its_header(segs):
    masks = {key: seg for key, seg in segs.items() if key != "T2star"}
    spaces = {key: grid_of(seg) for key, seg in segs.items()}
    gt = build_participant(masks, list(segs), GtSettings(), spaces)
    assert area_mm2(gt.softsegs["T2star"]) == pytest.approx(np.pi * 26, rel=0.01)


@pytest.mark.parametrize("axcodes", ["RAS", "PSR", "LAS", "SRP"])
def test_orientation_of_the_file_does_not_change_the_result(segs, axcodes):
    import nibabel as nib

    def turned(volume):
        image = nib.Nifti1Image(volume.data, volume.affine)
        image = image.as_reoriented(
            nib.orientations.ornt_transform(
                nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(axcodes)
            )
        )
        return Volume(np.asarray(image.dataobj), image.affine)

    plain = build_participant(segs, list(segs), GtSettings())
    other = build_participant({key: turned(seg) for key, seg in segs.items()}, list(segs), GtSettings())
    for contrast in segs:
        np.testing.assert_allclose(
            other.softsegs[contrast].data, turned(plain.softsegs[contrast]).data, atol=1e-5
        )


def test_soft_bin_is_the_soft_mask_above_one_half(segs):
    soft = build_participant(segs, list(segs), GtSettings())
    binarised = build_participant(segs, list(segs), GtSettings(name="soft_bin"))
    for contrast in segs:
        np.testing.assert_array_equal(binarised.softsegs[contrast].data, soft.softsegs[contrast].data > 0.5)


def test_trimming_takes_a_contrast_out_of_the_average_at_its_ends(segs):
    gt = build_participant(segs, list(segs), GtSettings(trim_mm=8))
    plain = build_participant(segs, list(segs), GtSettings())
    assert gt.rows["T2star"]["weight_share"] < plain.rows["T2star"]["weight_share"]
    assert gt.rows["T1w"]["weight_share"] > plain.rows["T1w"]["weight_share"]


def test_a_thick_slice_gets_the_mean_over_its_thickness(cord):
    """A leaning cord smears over a thick slice; the truth is its partial volume there."""

    def leaning(z):
        return 0 * z, z * np.tan(np.deg2rad(20))

    segs = {
        "T2w": cord((40, 70, 60), (0.8, 0.8, 0.8), leaning),
        "dwi": cord((34, 60, 9), (0.9, 0.9, 5.0), leaning),
    }
    truth = cord((34, 60, 9), (0.9, 0.9, 5.0), leaning, supersampling=6).data
    inner = np.s_[:, :, 2:-2]
    error = {}
    for slab in ("integrate", "centre"):
        gt = build_participant(segs, ["T2w"], GtSettings(slab=slab)).softsegs["dwi"].data
        error[slab] = np.abs(gt - truth)[inner].sum() / truth[inner].sum()
    assert error["integrate"] < 0.6 * error["centre"]


def test_findings_stop_the_participant_and_name_the_contrast(segs):
    broken = segs["T1w"].data.copy()
    broken[0, 0, 0] = 1
    with pytest.raises(DataError, match="T1w: the mask has 2 components"):
        build_participant({**segs, "T1w": Volume(broken, segs["T1w"].affine)}, list(segs), GtSettings())


def test_an_image_outside_the_neck_gets_an_empty_mask(segs):
    affine = segs["T2w"].affine.copy()
    affine[2, 3] += 500
    spaces = {"MToff": Grid((20, 20, 20), affine)}
    gt = build_participant(segs, list(segs), GtSettings(), spaces)
    assert not gt.softsegs["MToff"].data.any()


def test_an_average_that_trimming_leaves_nothing_of_is_refused(segs):
    with pytest.raises(DataError, match="no cord is left"):
        build_participant(segs, ["T2star"], GtSettings(trim_mm=500))


def test_an_image_that_no_disc_lies_in_gets_no_disc_labels(segs):
    labels = np.zeros(segs["T2w"].data.shape, dtype=np.float32)
    middle = np.array(labels.shape) // 2
    labels[tuple(middle)] = 3
    affine = segs["T2w"].affine.copy()
    affine[2, 3] += 500
    spaces = {"MToff": Grid((20, 20, 20), affine)}
    discs = {"T2w": Volume(labels, segs["T2w"].affine)}
    gt = build_participant(segs, list(segs), GtSettings(), spaces, discs)
    assert "T1w" in gt.discs
    assert "MToff" not in gt.discs
