import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import softcord.phantom.dataset as dataset_module
from softcord.app.config.compose import compose
from softcord.app.config.instantiate import build
from softcord.contrasts import CONTRASTS, PAPER_SIX
from softcord.errors import DataError, RunError
from softcord.io.nifti import read_volume, to_rpi
from softcord.phantom.dataset import write_dataset
from softcord.phantom.participant import draw_participant, write_participant
from tests.bids_validator import validator_errors


@pytest.fixture(scope="module")
def small(tiny):
    """Three participants, two contrasts: enough to tell order, process and participant apart."""
    scans = {contrast: tiny.scans[contrast] for contrast in ("T2star", "dwi")}
    return replace(tiny, n_participants=3, scans=scans)


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()
    }


def test_same_settings_give_the_same_bytes_whatever_the_number_of_processes(small, tmp_path):
    write_dataset(small, tmp_path / "one", jobs=1)
    write_dataset(small, tmp_path / "two", jobs=2)
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_another_seed_gives_other_images(small, tmp_path):
    for seed in (1, 2):
        write_participant(replace(small, seed=seed), 1, tmp_path / str(seed))
    image = "sub-001/anat/sub-001_T2star.nii.gz"
    assert (tmp_path / "1" / image).read_bytes() != (tmp_path / "2" / image).read_bytes()


def test_a_participant_is_the_same_however_many_others_there_are(small):
    assert (
        draw_participant(small, 2).anatomy == draw_participant(replace(small, n_participants=50), 2).anatomy
    )


def test_a_complete_dataset_is_recognised_and_left(small, tmp_path):
    root = tmp_path / "data"
    done: list[str] = []
    write_dataset(small, root, on_done=done.append)
    (root / "derivatives" / "labels_softseg").mkdir()  # what later stages add does not matter
    before = contents(root)
    write_dataset(small, root, on_done=done.append)
    assert done == ["sub-001", "sub-002", "sub-003"]
    assert contents(root) == before


def test_a_dataset_of_other_settings_is_neither_used_nor_overwritten(small, tmp_path):
    write_dataset(small, tmp_path / "data")
    before = contents(tmp_path / "data")
    with pytest.raises(DataError, match="other settings"):
        write_dataset(replace(small, seed=7), tmp_path / "data")
    assert contents(tmp_path / "data") == before


def test_a_foreign_folder_is_refused(small, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="not a phantom dataset"):
        write_dataset(small, tmp_path)


def test_a_file_in_the_datasets_place_is_refused(small, tmp_path):
    (tmp_path / "data").write_text("mine")
    with pytest.raises(DataError, match="not a phantom dataset"):
        write_dataset(small, tmp_path / "data")
    assert (tmp_path / "data").read_text() == "mine"


def test_an_abandoned_attempt_with_other_settings_is_cleared_away(small, tmp_path):
    def interrupted(participant_id):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(replace(small, seed=9), tmp_path / "data", on_done=interrupted)
    write_dataset(small, tmp_path / "data")
    assert {path.name for path in tmp_path.iterdir()} == {"data", ".data.lock"}


def test_a_dataset_with_a_missing_image_is_refused(small, tmp_path):
    write_dataset(small, tmp_path / "data")
    (tmp_path / "data" / "sub-002" / "dwi" / "sub-002_rec-average_dwi.nii.gz").unlink()
    with pytest.raises(DataError, match="sub-002_rec-average_dwi"):
        write_dataset(small, tmp_path / "data")


def test_an_interrupted_dataset_is_never_seen_and_is_continued(small, tmp_path, monkeypatch):
    root, done = tmp_path / "data", []

    def interrupted(participant_id):
        done.append(participant_id)
        if len(done) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_dataset(small, root, on_done=interrupted)
    assert not root.exists()
    write_dataset(small, root, on_done=done.append)
    assert {path.name for path in tmp_path.iterdir()} == {"data", ".data.lock"}
    assert done == ["sub-001", "sub-002", "sub-003"]
    write_dataset(small, tmp_path / "straight")
    assert contents(root) == contents(tmp_path / "straight")


def test_a_participant_that_fails_is_named_and_nothing_is_left_to_mistake(small, tmp_path, monkeypatch):
    def broken(settings, number, root):
        raise OSError("no space left on device")

    monkeypatch.setattr(dataset_module, "write_participant", broken)
    with pytest.raises(RunError, match="no space left"):
        write_dataset(small, tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_every_image_has_mask_discs_and_truth_on_its_own_grid(tiny_root):
    for contrast in PAPER_SIX:
        names = CONTRASTS[contrast]
        discs = "label-discs_dlabel" if contrast in ("T1w", "T2w") else "label-discs_desc-warp_dlabel"
        stem = Path("sub-003") / names.datatype / f"sub-003_{names.stem}"
        image = read_volume(tiny_root / f"{stem}.nii.gz")
        for folder, ending in (("labels", "label-SC_seg"), ("labels", discs), ("truth", "label-SC_truth")):
            other = read_volume(tiny_root / "derivatives" / folder / f"{stem}_{ending}.nii.gz")
            assert other.data.shape == image.data.shape
            np.testing.assert_allclose(other.affine, image.affine)
        assert image.data.std() > 0


def test_files_keep_the_contrasts_axes_and_types(tiny, tiny_root):
    for contrast, scan in tiny.scans.items():
        names = CONTRASTS[contrast]
        stem = Path("sub-001") / names.datatype / f"sub-001_{names.stem}"
        image = nib.load(tiny_root / f"{stem}.nii.gz")
        assert nib.aff2axcodes(image.affine) == tuple(scan.axcodes)
        assert image.get_data_dtype() == np.int16
        truth = nib.load(tiny_root / "derivatives" / "truth" / f"{stem}_label-SC_truth.nii.gz")
        assert truth.get_data_dtype() == np.float32


def test_files_read_back_in_rpi_are_what_was_imaged(tiny_root, imaged):
    for contrast in PAPER_SIX:
        seen, names = imaged(1, contrast), CONTRASTS[contrast]
        stem = Path("sub-001") / names.datatype / f"sub-001_{names.stem}"
        truth = tiny_root / "derivatives" / "truth" / f"{stem}_label-SC_truth.nii.gz"
        for path, array in ((tiny_root / f"{stem}.nii.gz", seen.image), (truth, seen.truth_softseg)):
            volume = to_rpi(read_volume(path))
            np.testing.assert_array_equal(volume.data, array)
            np.testing.assert_allclose(volume.affine, seen.scan.affine_rpi, atol=1e-4)


def test_table_of_true_csa_has_every_level_and_c2_c3(tiny, tiny_root):
    table = pd.read_csv(tiny_root / "derivatives" / "truth" / "csa.tsv", sep="\t", dtype={"level": str})
    assert list(table.columns) == ["participant_id", "level", "csa_mm2"]
    wide = table.pivot(index="participant_id", columns="level", values="csa_mm2")
    assert list(wide.columns) == ["1", "2", "2:3", "3", "4", "5", "6", "7"]
    assert len(wide) == tiny.n_participants
    assert wide["2:3"].between(wide[["2", "3"]].min(axis=1), wide[["2", "3"]].max(axis=1)).all()
    expected = draw_participant(tiny, 1).anatomy.csa_reference_mm2
    assert wide.loc["sub-001", "2:3"] == pytest.approx(expected, abs=1e-5)


def test_participants_table_names_everyone_with_sex_age_vendor_and_site(tiny, tiny_root):
    table = pd.read_csv(tiny_root / "participants.tsv", sep="\t")
    assert {"sex", "age", "manufacturer", "institution_id"} <= set(table.columns)
    assert list(table["participant_id"]) == [f"sub-{n:03d}" for n in range(1, tiny.n_participants + 1)]
    assert table["manufacturer"].nunique() == 3


def test_settings_are_stored_with_the_dataset(tiny, tiny_root):
    stored = json.loads((tiny_root / "code" / "phantom.json").read_text())
    assert stored["identity"] == tiny.identity
    assert stored["settings"]["boundary_bias_mm"] == dict(tiny.boundary_bias_mm)


def test_the_library_imports_neither_torch_nor_hydra():
    code = "import sys, softcord.phantom.dataset; print({'torch', 'hydra', 'pandas'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_dataset_passes_the_official_bids_validator(tiny_root):
    assert validator_errors(tiny_root) == []


@pytest.mark.parametrize("name", ["sci_t2w", "ms_mp2rage", "radiculopathy_epi", "flair"])
def test_a_variant_passes_the_bids_validator_and_has_masks_only_where_it_says(name, tmp_path):
    settings = replace(build(compose(f"phantom={name}").config["phantom"], "phantom"), n_participants=2)
    scans = {contrast: replace(scan, matrix=(24, 24, 8)) for contrast, scan in settings.scans.items()}
    write_dataset(replace(settings, scans=scans), tmp_path / "data")
    assert bool(list(tmp_path.rglob("*_label-SC_seg.nii.gz"))) == settings.masks
    assert len(list(tmp_path.rglob("*_label-SC_truth.nii.gz"))) == 2
    assert validator_errors(tmp_path / "data") == []


@pytest.mark.parametrize("name", ["labels", "truth"])
def test_the_derivatives_pass_apart_from_the_names_they_declare(tiny_root, name):
    assert validator_errors(tiny_root / "derivatives" / name) == []


def test_the_bids_validator_would_see_a_wrong_name(tiny_root, tmp_path):
    shutil.copytree(tiny_root, tmp_path / "data")
    anat = tmp_path / "data" / "sub-001" / "anat"
    (anat / "sub-001_T2w.nii.gz").rename(anat / "sub-001_T2weighted.nii.gz")
    assert validator_errors(tmp_path / "data")
