"""Readings of one image: views that come back to their place, mean and SD, and the map that is written."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import softcord
from softcord.app.verbs.measure import main as measure
from softcord.app.verbs.predict import main as predict
from softcord.errors import DataError
from softcord.measure.files import FileMeasures, MaskFiles
from softcord.predict.built_in import BUILT_IN
from softcord.predict.package import read_package
from softcord.predict.volume import AS_IT_IS, predict_on_grid, predict_volume
from softcord.uncertainty.ensemble import combine
from softcord.uncertainty.interval import (
    Calibration,
    calibrate,
    read_calibration,
    with_intervals,
    write_calibration,
)
from softcord.uncertainty.measured import calibrate_on, calibrate_rows, model_of
from softcord.uncertainty.views import MIRRORED, VIEWS, View, moved, range_of

needs_model = pytest.mark.skipif(not BUILT_IN.exists(), reason="this checkout has no built-in model")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("codes", ["RAS", "LPS", "PSR"])
def test_what_a_view_shows_comes_back_to_its_place(view: View, codes: str) -> None:
    shape, axes = (5, 6, 7), nib.orientations.axcodes2ornt(codes)
    affine = nib.orientations.inv_ornt_aff(axes, shape)
    image = softcord.Volume(np.random.default_rng(1).random(shape, dtype=np.float32), affine)
    seen = view.apply(image, range_of(image))
    order = np.argsort(view.undo(seen, image), axis=None, kind="stable")
    brightest = np.argsort(image.data, axis=None, kind="stable")
    assert (order == brightest).all()  # a power keeps the order of values


def test_another_contrast_is_a_power_of_the_values_and_black_stays_black() -> None:
    data = np.random.default_rng(2).gamma(2, 100, (9, 10, 11)).astype(np.float32) - 50
    image = softcord.Volume(data, np.eye(4))
    low, high = range_of(image)
    seen = moved(image, 1, 1.25, (low, high)).data[1:, 1:, 1:]
    expected = ((data.astype(np.float64) - low) / (high - low)) ** 1.25 * (high - low) + low
    assert np.allclose(seen, expected, rtol=1e-5, atol=1e-3)
    assert seen.min() == pytest.approx(low)


def test_moved_voxels_keep_their_millimetres() -> None:
    image = softcord.Volume(np.zeros((4, 4, 4), np.float32), np.diag([2.0, 1.0, 3.0, 1.0]))
    seen = VIEWS[1].apply(image, range_of(image))
    assert (seen.affine @ [1, 1, 1, 1] == image.affine @ [0, 0, 0, 1]).all()


@given(st.lists(st.floats(0, 1), min_size=2, max_size=5))
def test_the_sd_of_readings_is_at_most_a_half_and_none_where_they_agree(values: list[float]) -> None:
    both = combine([np.full((1, 1, 1), value, np.float32) for value in values])
    assert 0 <= both.sd.item() <= 0.5 + 1e-6
    if len(set(np.float32(values))) == 1:
        assert both.sd.item() < 1e-6


def test_readings_are_combined_voxel_by_voxel_also_where_few_say_anything() -> None:
    readings = np.zeros((3, 6, 7, 8), np.float32)
    readings[:, 2:4, 3:5, 1:7] = np.random.default_rng(0).random((3, 2, 2, 6))
    readings[0, 3, 3, 2] = readings[1:, 2, 4, 5] = 0
    both = combine(list(readings))
    assert np.allclose(both.mean, readings.mean(axis=0), atol=1e-6)
    assert np.allclose(both.sd, readings.std(axis=0), atol=1e-6)
    nothing = combine([np.zeros((2, 2, 2), np.float32)] * 2)
    assert nothing.disagreement == 0


def test_intervals_hold_as_often_as_asked_whatever_the_errors_look_like() -> None:
    rng = np.random.default_rng(0)
    held = []
    for _ in range(200):
        people, doubts = np.repeat(np.arange(40), 4), rng.uniform(0.5, 3, 160)
        # Participants differ, and errors are skewed: neither is told to the calibration.
        errors = doubts * (rng.exponential(1.0, 160) + np.repeat(rng.normal(0, 1, 40), 4))
        known = people < 20
        made = calibrate(
            pd.Series(errors[known]), pd.Series(doubts[known]), pd.Series(people[known]), (), coverage=0.9
        )
        inside = np.abs(errors[~known]) <= [made.half_width_mm2(one) for one in doubts[~known]]
        held.append(inside.mean())
    assert 0.88 <= np.mean(held) <= 0.95


def test_too_few_participants_are_refused() -> None:
    few = pd.Series(range(8), dtype=float)
    with pytest.raises(DataError, match="8 participants with areas, and 9 at least"):
        calibrate(few, few + 1, few, ())


def test_intervals_of_what_can_be_measured_hold_though_hard_images_fail_more_often() -> None:
    rng = np.random.default_rng(1)
    held = []
    for _ in range(200):
        people, hard = np.repeat(np.arange(60), 3), np.repeat(rng.uniform(0, 1, 60), 3)
        errors = rng.exponential(1 + 3 * hard)
        errors[rng.uniform(size=180) < 0.5 * hard] = np.nan  # no area, so no error, and no interval
        known, doubts = people < 30, pd.Series(np.ones(180))
        made = calibrate(pd.Series(errors[known]), doubts[known], pd.Series(people[known]), ())
        measured = errors[~known][np.isfinite(errors[~known])]
        held.append((measured <= made.half_width_mm2(1.0)).mean())
    assert 0.88 <= np.mean(held) <= 0.95


def test_a_missed_cord_is_an_error_as_any_other() -> None:
    rows = run_rows(30)
    of_error = rows["metric"] == "csa_abs_error_mm2"
    for missed, half_mm2 in ((1, 4.0), (4, 75.0)):  # of 30: within the tenth that may be off, and beyond it
        people = [f"sub-{i}" for i in range(missed)]
        rows.loc[of_error & rows["participant_id"].isin(people), "value"] = 75.0  # its area counts as 0
        assert calibrate_rows(rows, (), "people").half_width_mm2(2.0) == pytest.approx(half_mm2)


def test_an_interval_is_about_its_csa_and_never_below_zero() -> None:
    columns = ("participant_id", "session_id", "contrast", "filename", "level", "slice", "metric", "value")
    key = ("sub-01", "n/a", "T2w", "a.nii.gz", "3", "5:9")
    table = pd.DataFrame([(*key, "csa_mm2", 5.0), (*key, "csa_doubt_mm2", 9.0)], columns=list(columns))
    told = with_intervals(table, {"a.nii.gz": Calibration(0.9, 1.0, 1.0, (), 9, 9)})
    values = told.set_index("metric")["value"]
    assert (values["csa_low_mm2"], values["csa_high_mm2"]) == (0.0, 15.0)
    assert len(with_intervals(table, {})) == 2


def run_rows(people: int, doubt_mm2: float = 2.0) -> pd.DataFrame:
    """Rows of a run's measures.csv: everybody's area is 50 mm², and 4 mm² off."""
    values = {"csa_mm2": 50.0, "csa_abs_error_mm2": 4.0, "csa_doubt_mm2": doubt_mm2, "dice": 0.9}
    rows = [
        {
            "participant_id": f"sub-{i}",
            "session_id": "n/a",
            "contrast": "T2w",
            "level": "2:3",
            "metric": m,
            "value": v,
        }
        for i in range(people)
        for m, v in values.items()
    ]
    return pd.DataFrame(rows)


def test_the_rows_of_validation_participants_calibrate_those_of_the_tested() -> None:
    made = calibrate_rows(run_rows(12), ("sha",), "people")
    told = with_intervals(run_rows(2), made).set_index(["participant_id", "metric"])["value"]
    assert told["sub-1", "csa_low_mm2"] == pytest.approx(46.0)
    assert told["sub-1", "csa_high_mm2"] == pytest.approx(54.0)
    assert made.weights_sha256 == ("sha",)
    with pytest.raises(DataError, match="9 at least"):
        calibrate_rows(run_rows(8), ("sha",), "people")


def one_measured(name: str, areas_mm2: dict[str, float]) -> FileMeasures:
    groups = pd.DataFrame({"mode": "soft", "level": list(areas_mm2), "area_mm2": list(areas_mm2.values())})
    mask = Path(f"{name}_T2w_seg.nii.gz")
    return FileMeasures(MaskFiles(mask, uncertainty=mask), groups.assign(area_doubt_mm2=1.0), {})


def test_masks_that_could_not_be_measured_are_told_from_those_without_an_area_of_their_reference() -> None:
    names = [f"sub-{i}" for i in range(12)]
    references = [one_measured(name, {"2": 50.0, "3": 60.0}) for name in names]
    masks = [one_measured(name, {"2": 51.0, "3": np.nan if name == "sub-0" else 61.0}) for name in names]
    made = calibrate_on(masks, references, unusable=3)
    assert (made.unusable, made.without_area, made.areas) == (3, 1, 23)
    made = calibrate_rows(run_rows(12), (), "people", unusable=2)
    assert (made.unusable, made.without_area) == (2, 0)


def test_an_area_whose_doubt_is_unknown_has_no_interval() -> None:
    made = calibrate_rows(run_rows(12), (), "people")
    unknown = run_rows(1, float("nan"))
    assert set(with_intervals(unknown, made)["metric"]) == set(unknown["metric"])


@pytest.fixture
def image(tmp_path: Path) -> Path:
    drawn = softcord.phantom_participant(contrasts=["T2star"]).images["T2star"]
    softcord.write_volume(tmp_path / "sub-001_T2star.nii.gz", drawn.data, drawn.affine)
    return tmp_path / "sub-001_T2star.nii.gz"


@needs_model
def test_the_mirror_image_is_read_on_the_grid_that_is_there_with_the_same_result(image: Path) -> None:
    model, volume = read_package(BUILT_IN), softcord.read_volume(image)
    made = predict_volume(model, volume)
    assert made.seen is not None
    again = predict_on_grid(model, made.seen, AS_IT_IS, mirror=True).softseg.data
    anew = predict_volume(model, MIRRORED.apply(volume, range_of(volume))).softseg
    assert np.allclose(again, MIRRORED.undo(anew, volume), atol=1e-3)
    assert not np.array_equal(again, made.softseg.data)


@needs_model
def test_predict_tells_how_sure_it_is_and_its_mask_stays_the_same(image: Path, tmp_path: Path) -> None:
    plain, sure = tmp_path / "plain" / "m_softseg.nii.gz", tmp_path / "sure" / "m_softseg.nii.gz"
    assert predict(["-i", str(image), "-o", str(plain)]) == 0
    assert predict(["-i", str(image), "-o", str(sure), "-uncertainty"]) == 0
    assert (softcord.read_volume(plain).data == softcord.read_volume(sure).data).all()
    doubt = sure.with_name("m_desc-uncertainty.nii.gz")
    assert nib.load(doubt).header["sform_code"] == nib.load(image).header["sform_code"]
    assert 0 < softcord.read_volume(doubt).data.max() <= 0.5
    told = json.loads(doubt.with_name("m_desc-uncertainty.json").read_text())
    assert len(told["Readings"]) == 4
    assert 0 < told["QualityScore"] < 1
    assert not list(plain.parent.glob("*uncertainty*"))


@needs_model
def test_a_mask_that_was_there_gets_its_uncertainty_later_and_once(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["-i", str(image), "-o", str(tmp_path / "m_softseg.nii.gz")]
    for more in ([], ["-uncertainty"], ["-uncertainty"]):
        assert predict([*command, *more]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if "  (" in line]
    assert ["is there already" in line for line in lines] == [False, False, True]
    assert ", quality 0." in lines[1]


@needs_model
def test_measure_writes_the_interval_of_a_mask_with_uncertainty(image: Path, tmp_path: Path) -> None:
    mask = tmp_path / "sub-001_T2star_softseg.nii.gz"
    own = tmp_path / "own.json"
    assert predict(["-i", str(image), "-o", str(mask), "-uncertainty"]) == 0
    made_by = model_of(tmp_path / "sub-001_T2star_desc-uncertainty.nii.gz")
    write_calibration(own, Calibration(0.9, 2.0, 1.0, (made_by,), 9, 9))
    assert measure(["-i", str(mask), "-o", str(tmp_path / "csa.csv"), "-calibration", str(own)]) == 0
    values = pd.read_csv(tmp_path / "csa.csv").set_index("metric")["value"]
    half_mm2 = 2.0 * (values["csa_doubt_mm2"] + 1.0)
    assert values["csa_high_mm2"] == pytest.approx(values["csa_mm2"] + half_mm2)
    assert values["csa_low_mm2"] == pytest.approx(values["csa_mm2"] - half_mm2)


@needs_model
def test_a_calibration_of_another_model_gives_no_interval_and_says_so(
    image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    mask, other = tmp_path / "sub-001_T2star_softseg.nii.gz", tmp_path / "other.json"
    other.write_text(json.dumps(Calibration(0.9, 1.0, 1.0, ("0" * 64,), 9, 9).__dict__))
    assert read_calibration(other).factor == 1.0
    assert predict(["-i", str(image), "-o", str(mask), "-uncertainty"]) == 0
    assert measure(["-i", str(mask), "-o", str(tmp_path / "csa.csv"), "-calibration", str(other)]) == 0
    assert "the calibration is of another model" in capsys.readouterr().err
    assert not pd.read_csv(tmp_path / "csa.csv")["metric"].str.contains("csa_low").any()


@needs_model
def test_a_mask_that_another_model_makes_anew_is_not_told_by_the_map_of_before(
    image: Path, tmp_path: Path
) -> None:
    mask, doubt = tmp_path / "m_softseg.nii.gz", tmp_path / "m_desc-uncertainty.nii.gz"
    assert predict(["-i", str(image), "-o", str(mask), "-uncertainty"]) == 0
    assert predict(["-i", str(image), "-o", str(mask), "-overwrite"]) == 0
    assert doubt.exists()  # the same mask of the same image
    assert predict(["-i", str(image), "-o", str(mask), "-overwrite", "-m", "synthetic-v1"]) == 0
    assert mask.exists()
    assert not list(tmp_path.glob("*uncertainty*"))


def test_a_file_that_is_no_calibration_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"factor": -1}')
    with pytest.raises(DataError, match="is no calibration"):
        read_calibration(tmp_path / "x.json")
