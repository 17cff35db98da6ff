"""`softcord bids`: a dataset in, a derivatives dataset out; the raw data are only read."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.app.verbs import bids
from softcord.app.verbs.bids import main
from softcord.app.verbs.correct import main as correct
from softcord.app.verbs.review import main as review
from softcord.bidsapp.one_model import refuse_two_models
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.nifti import read_volume, write_volume
from softcord.predict.built_in import CSA_INTERVAL
from softcord.predict.files import Task
from softcord.predict.volume import Prediction
from softcord.review.masks import find_review_masks, masks_folder
from softcord.review.ratings import Rating, add_ratings, now
from softcord.uncertainty.interval import read_calibration
from softcord.uncertainty.paths import uncertainty_path
from tests.bids_validator import validator_errors
from tests.drift.cylinders import cylinder, dataset, model


@pytest.fixture
def raw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three participants, and a model that finds a cord of 70 mm² in everybody."""
    monkeypatch.chdir(tmp_path)
    made_by = {"Model": "cylinder", "ModelWeightsSha256": "0" * 64}
    monkeypatch.setattr(bids, "_task", lambda _arguments: Task(model("cylinder").model, made_by))
    found = Prediction(cylinder(70), "along the cord")
    monkeypatch.setattr("softcord.predict.files.predict_volume", lambda *_arguments: found)
    return dataset(tmp_path / "raw", 3)


def test_participant_and_group_leave_a_derivatives_dataset_with_pages_and_areas(raw: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in raw.rglob("*")}
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    assert main(["raw", "out", "group", "-v", "0"]) == 0
    mask = Path("out/sub-00/anat/sub-00_T2w_label-SC_softseg.nii.gz")
    assert read_volume(mask).data.max() <= 1
    described = json.loads(Path("out/dataset_description.json").read_text())
    assert described["DatasetType"] == "derivative"
    assert described["GeneratedBy"][0]["Model"] == "cylinder"
    assert described["SourceDatasets"][0]["URL"].startswith("file://")
    assert "cylinder, weights 000000000000" in Path("out/methods.md").read_text()
    assert "sub-00_T2w" in Path("out/sub-00.html").read_text()
    assert '<a href="./sub-02.html">sub-02.html</a>' in Path("out/index.html").read_text()
    measures = pd.read_csv("out/measures.csv")
    areas = measures[(measures["metric"] == "csa_mm2") & (measures["level"] == "2:3")]
    assert areas["value"].round(0).tolist() == [70.0] * 3
    assert {path: path.stat().st_mtime_ns for path in raw.rglob("*")} == before


def test_another_model_is_refused_before_the_folder_says_that_it_made_the_masks(
    raw: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    said = {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()}
    other = {"Model": "later", "ModelWeightsSha256": "1" * 64}
    monkeypatch.setattr(bids, "_task", lambda _arguments: Task(model("later").model, other))
    assert main(["raw", "out", "participant"]) == 2
    assert "out: holds masks of another model (cylinder 00000000). Name another" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in Path("out").rglob("*") if path.is_file()} == said
    for mask in Path("out").rglob("*_softseg.*"):
        mask.unlink()
    assert main(["raw", "out", "participant", "-v", "0"]) == 0


def test_a_mask_of_an_image_that_changed_is_named_with_a_way_out_that_there_is(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    image = raw / "sub-01/anat/sub-01_T2w.nii.gz"
    write_volume(image, cylinder(60).data, cylinder(60).affine)
    assert main(["raw", "out", "participant", "-v", "0"]) == 3
    told = capsys.readouterr().err
    assert "sub-01_T2w_label-SC_softseg.nii.gz: exists" in told
    assert "Remove it, and it is made anew" in told
    assert "-overwrite" not in told


def test_images_that_are_not_looked_at_are_named(raw: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("PSIR", "run-2_T2w"):
        image = raw / "sub-01/anat/sub-01_T2w.nii.gz"
        shutil.copy(image, image.with_name(f"sub-01_{name}.nii.gz"))
    assert main(["raw", "out", "participant", "--participant-label", "00"]) == 0
    what = "2 images left out, of no known contrast or the second of one"
    assert f"{what}: sub-01_PSIR.nii.gz, sub-01_run-2_T2w.nii.gz." in capsys.readouterr().err


def test_its_masks_are_those_to_review_and_ratings_beside_them_pass_the_validator(raw: Path) -> None:
    """In the folder that the help names; a rating does not make it newer than a later prediction."""
    out = raw / "derivatives/softcord"
    assert main(["raw", str(out), "participant", "-v", "0"]) == 0
    assert masks_folder(raw) == out
    (mask, *_) = find_review_masks(raw)
    path = mask.mask.relative_to(raw.absolute()).as_posix()
    add_ratings(out / "qc.tsv", [Rating(mask.name, path, "Bo", "pass", "", now())])
    assert correct(["raw", "-take", "-v", "0"]) == 0
    assert review(["raw", "-o", str(out / "review"), "-v", "0"]) == 0
    assert validator_errors(out) == []
    later = raw / "derivatives/softcord-later"
    write_json(later / "dataset_description.json", {})
    add_ratings(out / "qc.tsv", [Rating(mask.name, path, "Bo", "fail", "", now())])
    assert masks_folder(raw) == later


def test_images_without_a_mask_are_said_where_the_others_areas_are(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (raw / "sub-01/anat/sub-01_T2w.nii.gz").write_bytes(b"no image")
    assert main(["raw", "out", "participant", "-v", "0"]) == 3
    capsys.readouterr()
    assert main(["raw", "out", "group", "-v", "0"]) == 0
    said = "1 image without a mask: sub-01_T2w.nii.gz."
    assert capsys.readouterr().err == f"softcord: {said}\n"
    assert said in Path("out/index.html").read_text()


def test_areas_of_unsure_masks_are_said_to_be_that_on_the_index(
    raw: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Prediction(cylinder(70), "everywhere")
    monkeypatch.setattr("softcord.predict.files.predict_volume", lambda *_arguments: found)
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    assert main(["raw", "out", "group", "-v", "0"]) == 0
    assert capsys.readouterr().err.count("is unsure") == 3
    assert "3 masks of those measured unsure, look at each: sub-00_T2w" in Path("out/index.html").read_text()


def test_the_official_bids_validator_passes_what_is_written(raw: Path) -> None:
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    assert main(["raw", "out", "group", "-v", "0"]) == 0
    assert validator_errors(Path("out")) == []
    mask = Path("out/sub-00/anat/sub-00_T2w_label-SC_softseg.nii.gz")
    mask.rename(mask.with_name("sub-00_T2w_made-up.nii.gz"))
    assert validator_errors(Path("out")) != []


def test_only_the_participants_asked_for_are_segmented_with_or_without_sub(raw: Path) -> None:
    assert main(["raw", "out", "participant", "--participant-label", "00", "sub-02", "-v", "0"]) == 0
    assert sorted(path.name for path in Path("out").glob("sub-*.html")) == ["sub-00.html", "sub-02.html"]


def test_ground_truth_is_built_from_hard_masks(raw: Path) -> None:
    for image in sorted(raw.glob("sub-*/anat/*.nii.gz")):
        stem = f"{image.parent.relative_to(raw)}/{image.name.removesuffix('.nii.gz')}"
        mask = (cylinder(70).data > 0.5).astype("uint8")
        write_volume(raw / f"derivatives/labels/{stem}_label-SC_seg.nii.gz", mask, cylinder(70).affine)
    assert main(["raw", "out", "participant", "--task", "groundtruth", "-v", "0"]) == 0
    assert len(list(Path("out").rglob("*_softseg.nii.gz"))) == 3
    assert Path("out/sub-00.html").exists()


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["raw", "raw", "participant"], 2, "lies in the raw data"),
        (["raw", "raw/sub-00/out", "participant"], 2, "Write to raw/derivatives/softcord"),
        (["raw", "raw/derivatives", "participant"], 2, "lies in the raw data"),
        (["raw/participants.tsv", "out", "participant"], 3, "is not a folder"),
        (["nowhere", "out", "participant"], 3, "is not a folder"),
        (["raw", "out", "participant", "--participant-label", "99"], 2, "nobody is called sub-99"),
        (["raw", "out", "participant", "--n-cpus", "0"], 2, "--n-cpus: must be at least 1"),
        (["raw", "out", "participant", "--task", "groundtruth", "-m", "x"], 2, "does not go with"),
        (["raw", "out", "participant", "--task", "groundtruth"], 3, "no hard masks"),
        (["raw", "raw/derivatives/labels", "participant"], 2, "place of labels, from which models learn"),
        (["raw", "raw/derivatives/labels_softseg", "participant"], 2, "place of labels"),
        (["raw", "others", "participant"], 2, "others: is a dataset that softcord has not made"),
        (["raw", "out", "group"], 3, "Run the level participant first"),
        (["raw", "out", "everybody"], 2, "invalid choice"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    raw: Path, arguments: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(Path("others/dataset_description.json"), {"GeneratedBy": [{"Name": "fMRIPrep"}]})
    assert main(arguments) == code
    captured = capsys.readouterr()
    assert says in captured.err
    assert captured.err.count("\n") == 1
    assert not (raw / "dataset_description.json").exists()


def test_an_image_that_cannot_be_segmented_is_named_and_the_others_are_done(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (raw / "sub-01/anat/sub-01_T2w.nii.gz").write_bytes(b"no image")
    assert main(["raw", "out", "participant", "-v", "0"]) == 3
    assert capsys.readouterr().err.count("\n") == 1
    assert len(list(Path("out").rglob("*_softseg.nii.gz"))) == 2
    assert Path("out/sub-01.html").exists()


def test_group_adds_an_interval_to_each_soft_area_whose_uncertainty_is_known(raw: Path) -> None:
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    mask = Path("out/sub-00/anat/sub-00_T2w_label-SC_softseg.nii.gz")
    there = read_volume(mask)
    write_volume(uncertainty_path(mask), np.full_like(there.data, 0.001), there.affine)
    (weights, *_) = read_calibration(CSA_INTERVAL).weights_sha256
    write_json(sidecar_of(uncertainty_path(mask)), {"ModelWeightsSha256": weights})
    assert main(["raw", "out", "group", "-v", "0"]) == 0
    measures = pd.read_csv("out/measures.csv")
    wide = measures.pivot_table(index=["participant_id", "level"], columns="metric", values="value")
    known, unknown = wide.loc["sub-00"], wide.loc["sub-01"]
    assert (known["csa_low_mm2"] < known["csa_mm2"]).all()
    assert (known["csa_mm2"] < known["csa_high_mm2"]).all()
    assert unknown["csa_low_mm2"].isna().all()


def test_group_measures_only_the_participants_asked_for(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["raw", "out", "participant", "--participant-label", "00", "02", "-v", "0"]) == 0
    assert main(["raw", "out", "group", "--participant-label", "02", "-v", "0"]) == 0
    assert set(pd.read_csv("out/measures.csv")["participant_id"]) == {"sub-02"}
    assert main(["raw", "out", "group", "--participant-label", "01"]) == 3
    assert "holds no mask of sub-01" in capsys.readouterr().err


def test_masks_of_two_models_or_tasks_are_not_told_as_one(
    raw: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["raw", "out", "participant", "-v", "0"]) == 0
    sidecar = sidecar_of(Path("out/sub-01/anat/sub-01_T2w_label-SC_softseg.nii.gz"))
    sidecar.write_text(sidecar.read_text().replace("0" * 64, "1" * 64).replace("cylinder", "cone"))
    assert main(["raw", "out", "group"]) == 3
    assert "holds masks of 2 models (cylinder 00000000, cone 11111111)" in capsys.readouterr().err
    assert main(["raw", "out", "participant", "--task", "groundtruth"]) == 2
    assert main(["raw", "out", "group", "--task", "groundtruth"]) == 2
    assert "holds the results of --task segment" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["[]", '{"GeneratedBy": 1}', '{"GeneratedBy": [1, {"Model": "a"}]}'])
def test_a_sidecar_that_does_not_say_who_made_the_mask_is_of_no_model(content: str, tmp_path: Path) -> None:
    mask = tmp_path / "sub-01_T2w_softseg.nii.gz"
    mask.touch()
    sidecar_of(mask).write_text(content, encoding="utf-8")
    refuse_two_models([mask], tmp_path)


def test_uncertainty_is_asked_for_where_images_are_segmented(raw: Path) -> None:
    assert main(["raw", "out", "group", "--uncertainty"]) == 2
    assert main(["raw", "out", "participant", "--task", "groundtruth", "--uncertainty"]) == 2
