"""A whole dataset: resumed, repeated, past bad participants."""

import json

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from softcord.errors import DataError, UsageError
from softcord.gt.dataset import REPORT_COLUMNS, build_dataset
from softcord.gt.settings import GtSettings
from softcord.gt.variant import gt_path, variant_name
from softcord.io.nifti import read_volume, write_volume

SIX = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
STEMS = {"T2w": "anat/{}_T2w", "T1w": "anat/{}_T1w", "dwi": "dwi/{}_rec-average_dwi"}


@pytest.fixture
def dataset(cord, tmp_path):
    """Three participants with three contrasts; returns the index table."""
    segs = {
        "T2w": cord((30, 30, 30), (0.8, 0.8, 0.8)),
        "T1w": cord((26, 26, 24), (1.0, 1.0, 1.0), lambda z: (1.0, 0.5)),
        "dwi": cord((28, 28, 5), (0.9, 0.9, 5.0), lambda z: (-0.5, 0.5)),
    }
    rows = []
    for who in ("sub-01", "sub-02", "sub-03"):
        for contrast, seg in segs.items():
            stem = STEMS[contrast].format(who)
            image = tmp_path / who / f"{stem}.nii.gz"
            label = tmp_path / "derivatives" / "labels" / who / f"{stem}_label-SC_seg.nii.gz"
            write_volume(image, seg.data + 1, seg.affine)
            write_volume(label, seg.data.astype(np.uint8), seg.affine)
            rows.append(
                {
                    "participant_id": who,
                    "session_id": "n/a",
                    "contrast": contrast,
                    "image": str(image),
                    "hard_seg": str(label),
                    "discs": None,
                }
            )
    return pd.DataFrame(rows)


def run(dataset, tmp_path, settings=None, contrasts=SIX, jobs=1):
    done = []
    report = build_dataset(
        dataset, tmp_path / "derivatives", settings or GtSettings(), contrasts, jobs, done.append
    )
    assert sorted(done) == sorted(dataset["participant_id"].unique())
    assert tuple(report.columns) == REPORT_COLUMNS
    return report


def files(folder, pattern="*.nii.gz"):
    return {path: path.stat().st_mtime_ns for path in folder.rglob(pattern)}


def spoil(dataset, who, contrast, change):
    path = dataset[(dataset["participant_id"] == who) & (dataset["contrast"] == contrast)]["hard_seg"].item()
    volume = read_volume(path)
    change(volume.data)
    write_volume(path, volume.data, volume.affine)


def test_every_image_gets_a_ground_truth_with_its_provenance(dataset, tmp_path):
    report = run(dataset, tmp_path)
    folder = tmp_path / "derivatives" / "labels_softseg"
    path = folder / "sub-02" / "dwi" / "sub-02_rec-average_dwi_label-SC_softseg.nii.gz"
    soft = nib.load(path)
    assert soft.get_data_dtype() == np.float32
    assert 0 < np.asarray(soft.dataobj).max() <= 1
    told = json.loads(path.with_name(path.name.replace(".nii.gz", ".json")).read_text())
    assert told["Recipe"]["contrasts"] == list(SIX)
    assert set(told["Inputs"]) == {"T1w", "T2w", "dwi"}
    assert all(len(entry["SHA256"]) == 64 for entry in told["Inputs"].values())
    assert told["Report"]["residual_after_mm"] < 0.01
    assert sum(told["Weights"].values()) == pytest.approx(1)
    assert (path.parent / told["Sources"][0]) != path
    assert (folder / told["Sources"][0]).resolve().is_file()
    described = json.loads((folder / "dataset_description.json").read_text())
    assert described["DatasetType"] == "derivative"
    assert described["SourceDatasets"] == [{"URL": "../.."}]
    assert set(report[report["status"] == "built"]["contrast"]) == {"T1w", "T2w", "dwi"}


def test_missing_contrasts_are_named(dataset, tmp_path):
    report = run(dataset, tmp_path)
    missing = report[report["status"] == "missing"]
    assert set(missing["contrast"]) == {"T2star", "MTon", "GREt1w"}
    assert set(missing["finding"]) == {"there is no image"}
    without_mask = dataset.copy()
    without_mask.loc[without_mask["contrast"] == "dwi", "hard_seg"] = None
    report = run(without_mask, tmp_path)
    dwi = report[report["contrast"] == "dwi"]
    assert set(dwi["role"]) == {"received"}
    assert dwi["finding"].str.contains("no hard mask").all()


def test_one_bad_participant_is_reported_and_the_rest_complete(dataset, tmp_path):
    def split_in_two(data):
        data[0, 0, 0] = 1

    spoil(dataset, "sub-02", "T1w", split_in_two)
    report = run(dataset, tmp_path, jobs=2)
    bad = report[report["participant_id"] == "sub-02"]
    assert list(bad["status"]) == ["failed"]
    assert list(bad["contrast"]) == ["T1w"]
    assert "2 components" in bad["finding"].item()
    folder = tmp_path / "derivatives" / "labels_softseg"
    assert not (folder / "sub-02").exists()
    assert len(files(folder)) == 6


def test_no_overlap_with_the_reference_is_a_finding(dataset, tmp_path):
    row = dataset[(dataset["participant_id"] == "sub-01") & (dataset["contrast"] == "dwi")]
    for column in ("image", "hard_seg"):
        volume = read_volume(row[column].item())
        volume.affine[2, 3] += 200
        write_volume(row[column].item(), volume.data, volume.affine)
    report = run(dataset, tmp_path)
    bad = report[report["status"] == "failed"]
    assert list(bad["participant_id"]) == ["sub-01"]
    assert "no slice shows the cord in both" in bad["finding"].item()
    assert not (tmp_path / "derivatives" / "labels_softseg" / "sub-01").exists()


@pytest.mark.parametrize("column", ["image", "hard_seg"])
def test_a_damaged_file_is_a_finding(dataset, tmp_path, column):
    row = dataset[(dataset["participant_id"] == "sub-01") & (dataset["contrast"] == "T1w")]
    with open(row[column].item(), "wb") as stream:
        stream.write(b"no image")
    report = run(dataset, tmp_path)
    bad = report[report["status"] == "failed"]
    assert list(bad["participant_id"]) == ["sub-01"]
    assert "sub-01_T1w" in bad["finding"].item()


def test_repeating_changes_nothing_and_says_so(dataset, tmp_path):
    first = run(dataset, tmp_path)
    folder = tmp_path / "derivatives" / "labels_softseg"
    before = files(folder)
    second = run(dataset, tmp_path)
    assert files(folder) == before
    assert set(second["status"]) == {"unchanged", "missing"}
    same = [column for column in REPORT_COLUMNS if column != "status"]
    pd.testing.assert_frame_equal(first[same], second[same])


def test_an_interrupted_participant_is_built_again(dataset, tmp_path):
    run(dataset, tmp_path)
    folder = tmp_path / "derivatives" / "labels_softseg"
    next((folder / "sub-01").rglob("*T1w_label-SC_softseg.nii.gz")).unlink()
    next((folder / "sub-02").rglob("*T1w_label-SC_softseg.json")).unlink()
    report = run(dataset, tmp_path)
    built = report[report["status"] == "built"]
    assert set(built["participant_id"]) == {"sub-01", "sub-02"}
    assert len(files(folder)) == 9


def test_a_changed_mask_is_noticed(dataset, tmp_path):
    run(dataset, tmp_path)

    def shrink(data):
        data[:, :, -1] = 0

    spoil(dataset, "sub-03", "T2w", shrink)
    report = run(dataset, tmp_path)
    assert set(report[report["status"] == "built"]["participant_id"]) == {"sub-03"}


def test_a_participant_that_fails_later_keeps_no_outdated_output(dataset, tmp_path):
    run(dataset, tmp_path)
    derivative = tmp_path / "derivatives" / "labels_softseg"
    path = dataset.loc[0, "hard_seg"]
    seg = read_volume(path)
    seg.data[0, 0, 0] = 1
    write_volume(path, seg.data.astype(np.uint8), seg.affine)
    report = run(dataset, tmp_path)
    assert set(report[report["status"] == "failed"]["participant_id"]) == {"sub-01"}
    assert not [path for path in (derivative / "sub-01").rglob("*") if path.is_file()]
    assert len(files(derivative / "sub-02")) == 3


def test_variants_live_side_by_side(dataset, tmp_path):
    run(dataset, tmp_path)
    before = files(tmp_path / "derivatives" / "labels_softseg")
    run(dataset, tmp_path, contrasts=("T1w", "T2w"))
    run(dataset, tmp_path, settings=GtSettings(alignment="rigid"))
    assert files(tmp_path / "derivatives" / "labels_softseg") == before
    names = sorted(path.name for path in (tmp_path / "derivatives").glob("labels_softseg*"))
    assert len(names) == 3
    assert any(name.startswith("labels_softseg-c2-") for name in names)
    assert any(name.startswith("labels_softseg-c6-rigid-") for name in names)


def test_a_ground_truth_of_two_contrasts_is_not_that_of_all(dataset, tmp_path):
    run(dataset, tmp_path)
    run(dataset, tmp_path, contrasts=("T1w", "T2w"))
    image = dataset[dataset["contrast"] == "dwi"]["image"].iloc[0]
    both = [
        read_volume(gt_path(tmp_path / "derivatives" / variant_name(GtSettings(), use), image, GtSettings()))
        for use in (SIX, ("T1w", "T2w"))
    ]
    assert np.abs(both[0].data - both[1].data).max() > 0.1


def test_soft_bin_is_written_as_the_public_dataset_names_it(dataset, tmp_path):
    run(dataset, tmp_path, settings=GtSettings(name="soft_bin"))
    folder = tmp_path / "derivatives" / "labels_softseg_bin" / "sub-01" / "anat"
    seg = nib.load(folder / "sub-01_T2w_desc-softseg_label-SC_seg.nii.gz")
    assert seg.get_data_dtype() == np.uint8
    assert set(np.unique(np.asarray(seg.dataobj))) == {0, 1}


def test_labels_that_softcord_did_not_make_are_left_alone(dataset, tmp_path):
    theirs = tmp_path / "derivatives" / "labels_softseg" / "sub-01" / "theirs.nii.gz"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"published")
    with pytest.raises(DataError, match="did not make"):
        run(dataset, tmp_path)
    assert theirs.read_bytes() == b"published"
    assert len(files(theirs.parents[1])) == 1


def test_hard_masks_need_no_building(dataset, tmp_path):
    with pytest.raises(UsageError, match="nothing to build"):
        run(dataset, tmp_path, settings=GtSettings(name="hard"))


def test_sessions_do_not_mix(dataset, tmp_path):
    visits = dataset[dataset["participant_id"] == "sub-01"].copy()
    rows = []
    for session in ("ses-1", "ses-2"):
        moved = visits.copy()
        moved["session_id"] = session
        for column in ("image", "hard_seg"):
            moved[column] = [
                path.replace("sub-01/", f"sub-01/{session}/").replace("sub-01_", f"sub-01_{session}_")
                for path in visits[column]
            ]
            for old, new in zip(visits[column], moved[column], strict=True):
                volume = read_volume(old)
                write_volume(new, volume.data, volume.affine)
        rows.append(moved)
    report = build_dataset(pd.concat(rows), tmp_path / "derivatives", GtSettings(), SIX)
    assert set(report["session_id"]) == {"ses-1", "ses-2"}
    assert len(files(tmp_path / "derivatives" / "labels_softseg" / "sub-01" / "ses-2")) == 3


def test_an_empty_table_is_refused(dataset, tmp_path):
    with pytest.raises(DataError, match="no image"):
        build_dataset(dataset.iloc[:0], tmp_path, GtSettings(), SIX)
