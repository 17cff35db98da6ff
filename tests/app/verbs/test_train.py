"""`softcord train` from end to end on the tiny phantom."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import torch
import yaml

from softcord.app.verbs.train import main
from softcord.measure.table import MEASURE_COLUMNS, read_measures
from softcord.sweep.ledger import read_study
from softcord.track.store import open_store
from softcord.train.checkpoint import load_weights
from tests.quick import QUICK, Lay
from tests.speed import assert_within

ONE_EPOCH = (*QUICK, "train.epochs=1", "study=quick")


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    """The folder in which a sweep of two methods was run once."""
    folder = tmp_path_factory.mktemp("study")
    lay_tiny_phantom(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main([*ONE_EPOCH, "-m", "gt=soft,hard"]) == 0
    finally:
        os.chdir(before)
    return folder


def test_a_sweep_leaves_one_complete_run_per_method(study: Path) -> None:
    runs = read_study(study / "outputs/quick")
    assert {run.method for run in runs} == {"hard_all_SoftSeg", "soft_all"}
    assert all(run.is_complete for run in runs)


def test_measures_have_the_fixed_columns_and_all_metrics(study: Path) -> None:
    for run in read_study(study / "outputs/quick"):
        table = read_measures(study / "outputs/quick" / run.name / "measures.csv")
        assert tuple(table.columns) == MEASURE_COLUMNS
        assert set(table["method"]) == {run.method, "GT_soft", "GT_hard"}
        ours = table[table["method"] == run.method]
        wanted = {"dice", "dice_soft", "rve_pct", "asd_mm", "csa_mm2", "csa_bin_mm2", "csa_std_mm2"}
        wanted |= {"csa_abs_error_mm2", "csa_bin_abs_error_mm2", "csa_truth_error_mm2"}
        assert wanted <= set(ours["metric"])
        assert ours.loc[ours["metric"] == "dice", "value"].between(0, 1).all()
        assert len(ours[ours["metric"] == "dice"]) == 6


def test_a_run_keeps_its_areas_at_each_threshold_as_it_measured_them_at_0_5(study: Path) -> None:
    key = ["participant_id", "contrast"]
    for run in (study / "outputs/quick").glob("*_s1*"):
        curves = pd.read_csv(run / "thresholds.csv", dtype={"level": str}).set_index(key)
        table = read_measures(run / "measures.csv")
        own = table["method"].isin(["soft_all", "hard_all_SoftSeg"]) & (table["metric"] == "csa_bin_mm2")
        measured = table[own & (table["level"] == "2:3")].set_index(key)["value"]
        assert len(measured) == 6
        at_half = curves.loc[curves["threshold"] == 0.5, "csa_bin_mm2"]
        pd.testing.assert_series_equal(at_half.sort_index(), measured.sort_index(), check_names=False)
        assert set(pd.read_csv(run / "calibration.csv")["contrast"]) == set(
            measured.reset_index()["contrast"]
        )


def test_predictions_are_soft_masks_in_the_images_own_space(study: Path) -> None:
    (run,) = (study / "outputs/quick").glob("soft_all*")
    predictions = sorted((run / "predictions").rglob("*_label-SC_softseg.nii.gz"))
    assert len(predictions) == 6
    description = json.loads((run / "predictions/dataset_description.json").read_text())
    assert description["DatasetType"] == "derivative"
    for path in predictions:
        stem = path.name.removesuffix("_label-SC_softseg.nii.gz")
        (image_path,) = (study / "data/phantom-tiny").glob(f"sub-*/*/{stem}.nii.gz")
        image, softseg = nib.load(image_path), nib.load(path)
        assert softseg.shape == image.shape
        assert np.allclose(softseg.affine, image.affine)
        values = softseg.get_fdata()
        assert softseg.get_data_dtype() == np.float32
        assert 0 <= values.min() <= values.max() <= 1
        assert path.with_name(f"{stem}_label-SC_softseg.json").exists()


def test_every_run_leaves_a_package_that_says_whom_its_model_has_seen(study: Path) -> None:
    from softcord.predict.package import read_package

    for run in read_study(study / "outputs/quick"):
        run_dir = study / "outputs/quick" / run.name
        model = read_package(run_dir / "model")
        assert model.description.name == run.method
        (seen,) = model.description.trained_on
        split = yaml.safe_load((run_dir / "split.yaml").read_text())
        assert seen.participants == {*split["train"], *split["val"]}


def test_the_store_holds_finished_children_with_measures_config_and_pictures(study: Path) -> None:
    client = open_store(study / "mlruns").client()
    experiment = client.get_experiment_by_name("quick")
    runs = client.search_runs([experiment.experiment_id], "tags.`softcord.state` = 'complete'")
    assert sorted(run.data.tags["method"] for run in runs) == ["hard_all_SoftSeg", "soft_all"]
    for run in runs:
        assert run.info.status == "FINISHED"
        assert run.data.params["loss.omega"] == "8.0"
        assert {"gt", "loss", "contrasts", "seed", "train.epochs"} <= set(run.data.params), "as typed"
        assert run.data.params["loss"] == "awing"
        assert len(run.data.params) <= 40
        assert "test/images_without_cord" in run.data.metrics
        assert "get-artifact?path=overlays%2F" in run.data.tags["mlflow.note.content"]
        assert {"train/loss", "val/loss", "test/dice", "test/rve_pct"} <= set(run.data.metrics)
        names = {item.path for item in client.list_artifacts(run.info.run_id)}
        assert {
            "config.yaml",
            "measures.csv",
            "split.yaml",
            "environment.txt",
            "overlays",
            "checkpoints",
        } <= names


def test_the_configuration_beside_the_results_says_how_to_repeat_them(study: Path) -> None:
    (run,) = (study / "outputs/quick").glob("hard_all*")
    config = yaml.safe_load((run / "config.yaml").read_text())
    assert config["gt"]["name"] == "hard"
    assert "gt=hard" in (run / "overrides.txt").read_text().splitlines()
    assert f"{run.name} is complete" in (run / "log.txt").read_text()


def test_the_same_command_again_recognises_what_is_complete(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(study)
    before = {path: path.stat().st_mtime_ns for path in (study / "outputs").rglob("*.ckpt")}
    started = time.perf_counter()
    assert main([*ONE_EPOCH, "-m", "gt=soft,hard"]) == 0
    assert time.perf_counter() - started < 10
    assert {path: path.stat().st_mtime_ns for path in (study / "outputs").rglob("*.ckpt")} == before
    printed = capsys.readouterr()
    assert printed.err.count("is complete") == 2
    assert "soft_all" in printed.out


def test_a_training_that_diverges_fails_with_its_reason_and_does_not_stop_the_others(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(study)
    command = [*ONE_EPOCH, "-m", "gt=soft,hard", "seed=8", "train.learning_rate=1e30", "study=diverged"]
    # Both failed for one reason, so the code is that reason's.
    assert main(command) == 1
    runs = read_study(study / "outputs/diverged")
    assert [run.state for run in runs] == ["failed", "failed"]
    assert all(run.reason.startswith("train/loss: became nan in epoch") for run in runs)
    printed = capsys.readouterr().err
    assert "2 of 2 runs are not complete" in printed
    assert "gt=hard seed=8" in printed
    assert f"outputs/diverged/{runs[0].name}/log.txt" in printed


def test_more_epochs_are_a_run_of_its_own_that_tells_its_history(
    study: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(study)
    assert main([*ONE_EPOCH, "gt=hard", "study=more"]) == 0
    # Steps so small that the weights stay what they were when it began.
    longer = ("train.epochs=2", "train.learning_rate=1e-9", "train.start_from=more/hard_all@${seed}@last")
    for _ in range(2):  # the second time it is recognised
        assert main([*ONE_EPOCH, "gt=hard", "study=more", *longer]) == 0
    runs = {run.method: run for run in read_study(Path("outputs/more"))}
    name = "hard_all_SoftSeg_epochs2_lr1e-09_from-hard_all_SoftSeg-last"
    assert set(runs) == {"hard_all_SoftSeg", name}
    before, after = (Path("outputs/more") / runs[key].name for key in ("hard_all_SoftSeg", name))
    told = json.loads((after / "model/model.json").read_text())["provenance"]["history"]
    assert told == f"1 epochs as {before.name} (last.ckpt), then 2 epochs"
    settings = json.loads((after / "provenance.json").read_text())["settings"]
    assert "train.epochs=2" in settings
    assert "train.start_from=hard_all_SoftSeg@last" in settings
    weights, earlier = (load_weights(run_dir / "checkpoints/last.ckpt") for run_dir in (after, before))
    for key, value in weights.items():
        torch.testing.assert_close(value, earlier[key], atol=1e-6, rtol=0)


def test_rerun_trains_again(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study)
    (checkpoint,) = (study / "outputs/quick").glob("hard_all*/checkpoints/best.ckpt")
    before = checkpoint.stat().st_mtime_ns
    assert main([*ONE_EPOCH, "gt=hard", "rerun=true"]) == 0
    assert checkpoint.stat().st_mtime_ns > before


BROKEN = {
    "nan": "holds NaN or infinite values",
    "constant": "is constant",
    "truncated": "damaged or truncated",
    "pointer": "not downloaded",
    "shape": "has the shape",
    "outside": "outside [0, 1]",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_bad_file_is_named_and_leaves_earlier_results_untouched(
    kind: str,
    study: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = tmp_path / "data"
    shutil.copytree(study / "data/phantom-tiny", root)
    is_label = kind in ("shape", "outside")
    pattern = (
        "derivatives/labels/sub-*/anat/*_T2w_label-SC_seg.nii.gz" if is_label else "sub-*/anat/*_T2w.nii.gz"
    )
    for path in root.glob(pattern):
        _break(path, kind)
    before = {path: path.read_bytes() for path in (study / "outputs").rglob("measures.csv")}
    monkeypatch.chdir(study)
    command = [
        *ONE_EPOCH,
        "data=bids",
        f"data.root={root}",
        "gt=hard",
        "reference=hard",
        "contrasts=2",
        "study=broken",
    ]
    assert main(command) == 3
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert BROKEN[kind] in said
    assert "_T2w" in said
    assert {path: path.read_bytes() for path in (study / "outputs").rglob("measures.csv")} == before


def _break(path: Path, kind: str) -> None:
    image = nib.load(path)
    data = np.asarray(image.dataobj, dtype=np.float32)
    if kind == "nan":
        data[0, 0, 0] = np.nan
    elif kind == "constant":
        data[:] = 7
    elif kind == "shape":
        data = data[:-1]
    elif kind == "outside":
        data = data * 255
    if kind == "truncated":
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    elif kind == "pointer":
        path.write_text("/annex/objects/SHA256E-s10--0.nii.gz\n")
    else:
        nib.save(nib.Nifti1Image(data, image.affine), path)


def test_a_missing_dataset_is_a_data_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data=bids", f"data.root={tmp_path}/nowhere"]) == 3
    (run,) = read_study(tmp_path / "outputs/default")
    assert run.state == "failed"
    assert "nowhere" in run.reason


def test_a_wrong_value_in_one_combination_stops_before_anything_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["-m", "loss.omega=8,-1"]) == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("question", [["--help"], ["--cfg", "job"]])
def test_questions_are_answered_in_a_second_without_torch(question: list[str], tmp_path: Path) -> None:
    code = (
        "import sys; from softcord.app.verbs.train import main; code = main(sys.argv[1:]);"
        "assert 'torch' not in sys.modules and 'mlflow' not in sys.modules; sys.exit(code)"
    )
    command = [sys.executable, "-c", code, *question]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "loss" in done.stdout
    assert_within(1, lambda: subprocess.run(command, cwd=tmp_path, check=True, capture_output=True))


@pytest.mark.slow
def test_ctrl_c_leaves_a_run_that_the_same_command_resumes_to_the_same_result(
    study: Path, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "softcord.train", *ONE_EPOCH, "train.epochs=3", "gt=hard"]
    command += [f"paths.data={study}/data", "machine.precision=float32"]
    undisturbed, interrupted = tmp_path / "undisturbed", tmp_path / "interrupted"
    for folder in (undisturbed, interrupted):
        folder.mkdir()
    assert subprocess.run(command, cwd=undisturbed, capture_output=True, check=False).returncode == 0
    process = subprocess.Popen(
        command,
        cwd=interrupted,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        # Ctrl-C is ignored where tests run in the background, and what they start inherits that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 120
    while not list(interrupted.rglob("last.ckpt")) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 130
    assert [run.state for run in read_study(interrupted / "outputs/quick")] == ["interrupted"]
    assert subprocess.run(command, cwd=interrupted, capture_output=True, check=False).returncode == 0
    tables = [next(folder.rglob("measures.csv")).read_text() for folder in (undisturbed, interrupted)]
    assert tables[0] == tables[1]


@pytest.mark.slow
def test_real_images_are_trained_on_and_predicted_in_their_own_space(
    shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    command = [*ONE_EPOCH, "data=bids", f"data.root={shared_data}/real-mini", "gt=hard", "reference=hard"]
    command += ["loss=dicece", "contrasts=[T1w,T2w,T2star,MTon,MToff]", "split.hold_out_val=[sub-sctC]"]
    command += [
        "data.same_person=[[sub-gm9709Ses1,sub-gm9709Ses2]]",
        "split.hold_out_test=[sub-sctA,sub-sctB]",
    ]
    assert main(command) == 0
    (run,) = read_study(tmp_path / "outputs/quick")
    assert run.method == "hard_T1w_T2w_T2star_MTon_MToff_diceCE_loss"
    folder = tmp_path / "outputs/quick" / run.name
    measures = read_measures(folder / "measures.csv")
    ours = measures[measures["method"] == run.method]
    assert set(ours["participant_id"]) == {"sub-sctA", "sub-sctB"}
    # Only sub-sctB has discs: its CSA is that of C2-C3, the other's that of all slices.
    levels = ours[ours["metric"] == "csa_mm2"].groupby("participant_id")["level"].first().to_dict()
    assert levels == {"sub-sctA": "all", "sub-sctB": "2:3"}
    image = nib.load(shared_data / "real-mini/sub-sctB/anat/sub-sctB_T2w.nii.gz")
    softseg = nib.load(folder / "predictions/sub-sctB/anat/sub-sctB_T2w_label-SC_softseg.nii.gz")
    assert softseg.shape == image.shape
    assert np.allclose(softseg.affine, image.affine)
