"""The public functions give what the command line gives."""

import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import softcord
from softcord.app.verbs.measure import main as measure
from softcord.app.verbs.predict import main as predict
from softcord.gt.settings import GtSettings

NOISE = np.random.default_rng(3).normal(100, 20, (40, 40, 30)).astype(np.float32)


@pytest.fixture(scope="module")
def participant() -> softcord.PhantomParticipant:
    return softcord.phantom_participant(2, contrasts=["T1w", "T2w", "T2star"])


@pytest.fixture
def image(participant: softcord.PhantomParticipant, tmp_path: Path) -> Path:
    drawn = participant.images["T2w"]
    softcord.write_volume(tmp_path / "t2.nii.gz", drawn.data, drawn.affine)
    return tmp_path / "t2.nii.gz"


def test_a_model_segments_file_and_array_as_the_command_does(image: Path, tmp_path: Path) -> None:
    model = softcord.load_model()
    softseg = model.predict(image)
    nifti = nib.load(image)
    by_array = model.predict(np.asarray(nifti.dataobj), affine=nifti.affine)
    assert predict(["-i", str(image), "-o", str(tmp_path / "softseg.nii.gz"), "-v", "0"]) == 0
    by_command = softcord.read_volume(tmp_path / "softseg.nii.gz")
    assert 0.5 < softseg.data.max() <= 1
    np.testing.assert_array_equal(softseg.data, by_array.data)
    np.testing.assert_array_equal(softseg.data, by_command.data)
    np.testing.assert_allclose(softseg.affine, nifti.affine)


def test_a_threshold_gives_a_hard_mask(image: Path) -> None:
    model = softcord.load_model()
    seg = model.predict(image, threshold=0.5)
    np.testing.assert_array_equal(seg.data, model.predict(image).data > 0.5)
    with pytest.raises(softcord.SoftcordError, match="threshold: must be between 0 and 1"):
        model.predict(image, threshold=1.5)


def test_where_there_is_no_cord_the_mask_is_empty_and_a_warning_says_so() -> None:
    model = softcord.load_model()
    with pytest.warns(UserWarning, match="no cord was found"):
        softseg = model.predict(NOISE, spacing_mm=(1, 1, 1))
    assert not softseg.data.any()


def test_where_there_is_a_cord_nothing_is_warned_of(image: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        softcord.load_model().predict(image)


def test_the_built_in_model_is_loaded_by_its_name_too() -> None:
    by_name, by_default = softcord.load_model("synthetic-v2"), softcord.load_model()
    assert by_name.description == by_default.description


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(softcord.SoftcordError, match=r"nothing\.zip: is not there"):
        softcord.load_model(tmp_path / "nothing.zip")


def test_csa_is_that_of_the_command(participant: softcord.PhantomParticipant, tmp_path: Path) -> None:
    softseg, discs = participant.truth_softsegs["T2w"], participant.discs["T2w"]
    softcord.write_volume(tmp_path / "mask.nii.gz", softseg.data, softseg.affine)
    softcord.write_volume(tmp_path / "discs.nii.gz", discs.data.astype(np.uint8), discs.affine)
    table = softcord.csa(tmp_path / "mask.nii.gz", discs=tmp_path / "discs.nii.gz", levels=(2, 3))
    words = ["-i", "mask.nii.gz", "-discfile", "discs.nii.gz", "-vert", "2:3", "-o", "csa.csv", "-v", "0"]
    words = [str(tmp_path / word) if word.endswith((".gz", ".csv")) else word for word in words]
    assert measure(words) == 0
    by_command = pd.read_csv(tmp_path / "csa.csv")
    area = by_command.loc[by_command["metric"] == "csa_mm2", "value"].item()
    assert table.set_index("mode")["area_mm2"]["soft"] == pytest.approx(area)
    assert area == pytest.approx(participant.csa_mm2["2:3"], abs=1)


def test_csa_of_arrays_takes_discs_of_the_same_grid(participant: softcord.PhantomParticipant) -> None:
    softseg, discs = participant.truth_softsegs["T2star"], participant.discs["T2star"]
    by_volume = softcord.csa(softseg, discs=discs, per_level=True)
    by_array = softcord.csa(softseg.data, affine=softseg.affine, discs=discs.data, per_level=True)
    pd.testing.assert_frame_equal(by_volume, by_array)


def test_levels_without_discs_are_refused(participant: softcord.PhantomParticipant) -> None:
    with pytest.raises(softcord.SoftcordError, match="levels: cannot be told without disc labels"):
        softcord.csa(participant.truth_softsegs["T2w"], levels=(2, 3))


def test_a_soft_ground_truth_is_in_every_contrast_s_own_space(
    participant: softcord.PhantomParticipant,
) -> None:
    softsegs = softcord.soft_ground_truth(participant.hard_segs)
    for contrast, softseg in softsegs.items():
        assert softseg.data.shape == participant.images[contrast].data.shape
        found = softcord.overlap(softseg, participant.truth_softsegs[contrast])
        assert found["dice_soft"] > 0.95


def test_arrays_do_not_say_where_they_lie(participant: softcord.PhantomParticipant) -> None:
    arrays = {contrast: mask.data for contrast, mask in participant.hard_segs.items()}
    with pytest.raises(softcord.SoftcordError, match=r"T1w: is an array.*softcord\.Volume\(array, affine\)"):
        softcord.soft_ground_truth(arrays)


def test_the_recipe_of_a_soft_ground_truth_can_be_changed(participant: softcord.PhantomParticipant) -> None:
    usual = softcord.soft_ground_truth(participant.hard_segs, reference="T1w")
    trimmed = softcord.soft_ground_truth(
        participant.hard_segs, contrasts=["T1w"], settings=GtSettings(reference="T1w")
    )
    assert (trimmed["T1w"].data % 1 == 0).all()
    assert not (usual["T1w"].data % 1 == 0).all()


def test_a_reference_that_is_not_there_is_named(participant: softcord.PhantomParticipant) -> None:
    with pytest.raises(softcord.SoftcordError, match="dwi: the reference contrast has no hard mask"):
        softcord.soft_ground_truth(participant.hard_segs, reference="dwi")
    with pytest.raises(softcord.SoftcordError, match="reference: must name one of"):
        softcord.soft_ground_truth(participant.hard_segs, reference="T9w")


def test_a_phantom_participant_is_the_dataset_s(tmp_path: Path) -> None:
    from softcord.phantom.participant import write_participant
    from softcord.phantom.settings import PhantomSettings

    write_participant(PhantomSettings(), 2, tmp_path)
    written = softcord.read_volume(tmp_path / "sub-002" / "anat" / "sub-002_T2w.nii.gz")
    drawn = softcord.phantom_participant(2, contrasts="T2w").images["T2w"]
    np.testing.assert_array_equal(written.data, drawn.data)
    np.testing.assert_allclose(written.affine, drawn.affine, atol=1e-5)
