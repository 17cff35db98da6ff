"""`uncertainty=true`: intervals of CSA in measures.csv, by the run's own validation participants."""

import json
from pathlib import Path

import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.runs.csa_intervals import models_of
from softcord.app.verbs.measure import main as measure
from softcord.app.verbs.train import main
from softcord.evaluation.image import Mask, Masks
from softcord.io.names import sidecar_of
from softcord.predict.package import read_package, weights_sha256
from softcord.sweep.ledger import read_study
from softcord.uncertainty.interval import read_calibration
from softcord.uncertainty.measured import model_of
from softcord.uncertainty.paths import uncertainty_path
from tests.quick import QUICK, Lay

ONLY_T2STAR = ("contrasts=T2star", "tested_contrasts=T2star", "augment=none", "train.epochs=1")
PEOPLE = ("split.train=0.17", "split.val=0.75", "split.test=0.08", "phantom.n_participants=12")


def measures_of(study: str) -> pd.DataFrame:
    (run,) = read_study(Path("outputs") / study)
    table = pd.read_csv(Path("outputs") / study / run.name / "measures.csv")
    return table[~table["method"].str.startswith("GT_")]


@pytest.mark.slow
def test_a_run_calibrates_on_its_validation_participants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*QUICK, *ONLY_T2STAR, *PEOPLE, "uncertainty=true", "study=sure"]) == 0
    (run,) = read_study(Path("outputs/sure"))
    folder = Path("outputs/sure") / run.name
    made = read_calibration(folder / "csa_interval.json")
    assert (made.participants, len(made.weights_sha256)) == (9, 1)
    wide = measures_of("sure").pivot_table(
        index=["participant_id", "level"], columns="metric", values="value"
    )
    half = made.half_width_mm2
    for row in wide.dropna(subset=["csa_mm2"]).to_dict("records"):
        assert row["csa_high_mm2"] == pytest.approx(row["csa_mm2"] + half(row["csa_doubt_mm2"]))
        assert row["csa_low_mm2"] == pytest.approx(max(0.0, row["csa_mm2"] - half(row["csa_doubt_mm2"])))
    (sd,) = (folder / "predictions").rglob("*desc-uncertainty.nii.gz")
    assert made.weights_sha256 == (model_of(sd),)
    mask = str(sd).replace("desc-uncertainty", "softseg")
    assert measure(["-i", mask, "-calibration", str(folder / "csa_interval.json"), "-o", "csa.csv"]) == 0
    assert "csa_low_mm2" in set(pd.read_csv("csa.csv")["metric"])


def test_a_calibration_knows_the_models_of_the_masks_it_was_made_on(tmp_path: Path) -> None:
    masks = Masks()
    for contrast, weights in (("T1w", "b"), ("T2w", "a"), ("dwi", "b")):
        mask = tmp_path / f"sub-01_{contrast}_softseg.nii.gz"
        sidecar = sidecar_of(uncertainty_path(mask))
        sidecar.write_text(json.dumps({"ModelWeightsSha256": weights}), encoding="utf-8")
        masks.found[Path(contrast)] = Mask(mask)
    assert models_of(masks) == ("a", "b")  # where each contrast has a model, those of all


def test_too_few_validation_participants_leave_the_doubt_and_say_so(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    lay_tiny_phantom: Lay,
) -> None:
    monkeypatch.chdir(tmp_path)
    lay_tiny_phantom(tmp_path)
    assert main([*QUICK, *ONLY_T2STAR, "uncertainty=true", "study=few"]) == 0
    assert "no interval of CSA, its doubt alone" in capfd.readouterr().err
    (run,) = read_study(Path("outputs/few"))
    folder = Path("outputs/few") / run.name
    made_by = weights_sha256(read_package(folder / "model"))
    maps = list((folder / "predictions").rglob("*desc-uncertainty.nii.gz"))
    assert {model_of(path) for path in maps} == {made_by}
    found = set(measures_of("few")["metric"])
    assert "csa_doubt_mm2" in found
    assert "csa_low_mm2" not in found


def test_uncertainty_is_off_by_default_and_then_no_part_of_a_runs_identity() -> None:
    plain, asked = make_plan(compose()), make_plan(compose("uncertainty=true"))
    assert not plain.uncertainty
    assert asked.config_hash != plain.config_hash
    assert make_plan(compose("uncertainty=false")).config_hash == plain.config_hash


@pytest.mark.parametrize("chosen", ["engine=sct_propseg", "data=synthetic", "measured_on=val"])
def test_what_has_no_readings_or_nobody_left_to_calibrate_on_refuses_it(
    chosen: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*QUICK, "uncertainty=true", chosen]) == 2
    assert "uncertainty: " in capsys.readouterr().err
