"""nnU-Net's dataset: written from ours, which is only read."""

import hashlib
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from softcord.errors import DataError
from softcord.io.nifti import write_volume
from softcord.nnunet.export import DATASET, Case, export_dataset, is_exported, write_splits

AFFINE = np.diag([-1.0, 1.0, 2.0, 1.0])


def case(folder: Path, participant: str, contrast: str, *, frames: int = 0) -> Case:
    name = f"{participant}_{contrast}"
    rng = np.random.default_rng(len(name))
    soft = rng.uniform(0, 1, (4, 5, 6)).astype(np.float32)
    soft.flat[:3] = 0.5, 0.5001, 1.0
    image = rng.normal(100, 10, (4, 5, 6, 1) if frames else (4, 5, 6)).astype(np.float32)
    write_volume(folder / f"{name}.nii.gz", image, AFFINE)
    write_volume(folder / f"{name}_softseg.nii.gz", soft, AFFINE)
    return Case(name, folder / f"{name}.nii.gz", folder / f"{name}_softseg.nii.gz")


def checksums(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.nii.gz")}


def test_labels_are_binarised_copies_and_the_originals_stay_as_they_are(tmp_path: Path) -> None:
    cases = [case(tmp_path / "data", "sub-01", contrast) for contrast in ("T1w", "T2w")]
    before = checksums(tmp_path / "data")
    folder = export_dataset(tmp_path / "raw", cases)
    assert checksums(tmp_path / "data") == before
    description = json.loads((folder / "dataset.json").read_text())
    assert description["numTraining"] == 2
    for one in cases:
        entry = description["dataset"][one.name]
        assert entry["images"] == [str(one.image)]
        label = folder / entry["label"]
        assert not label.is_symlink()
        exported, soft = nib.load(label), nib.load(one.label).get_fdata()
        assert exported.get_data_dtype() == np.uint8
        assert np.array_equal(exported.get_fdata(), soft > 0.5)
        assert np.allclose(exported.affine, nib.load(one.image).affine)
    assert is_exported(tmp_path / "raw")


def test_an_image_of_one_frame_in_four_dimensions_is_rewritten_in_three(tmp_path: Path) -> None:
    one = case(tmp_path / "data", "sub-01", "dwi", frames=1)
    folder = export_dataset(tmp_path / "raw", [one])
    (image,) = json.loads((folder / "dataset.json").read_text())["dataset"][one.name]["images"]
    assert Path(image).is_relative_to(folder)
    assert nib.load(image).shape == (4, 5, 6)


def test_a_label_that_does_not_fit_its_image_is_named_and_nothing_counts_as_exported(tmp_path: Path) -> None:
    one = case(tmp_path / "data", "sub-01", "T1w")
    write_volume(one.label, np.zeros((4, 5, 5), np.float32), AFFINE)
    with pytest.raises(DataError, match=r"sub-01_T1w_softseg\.nii\.gz: has the shape"):
        export_dataset(tmp_path / "raw", [one])
    assert not is_exported(tmp_path / "raw")


def test_the_split_is_ours_so_no_participant_is_on_both_sides(tmp_path: Path) -> None:
    people = [f"sub-{n:02d}" for n in range(6)]
    cases = {p: [Case(f"{p}_{c}", tmp_path, tmp_path) for c in ("T1w", "T2w", "dwi")] for p in people}
    train, val = ([one for p in side for one in cases[p]] for side in (people[:4], people[4:]))
    write_splits(tmp_path, train, val)
    (fold,) = json.loads((tmp_path / DATASET / "splits_final.json").read_text())
    assert {name.split("_")[0] for name in fold["train"]} == set(people[:4])
    assert {name.split("_")[0] for name in fold["val"]} == set(people[4:])
    assert len(fold["train"]) == 12
