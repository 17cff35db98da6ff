"""`softcord ingest` from the command line: predictions made elsewhere, and programs that make them."""

import json
import os
import shutil
import stat
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.verbs.compare import main as compare
from softcord.app.verbs.ingest import main, tools, translated
from softcord.errors import UsageError
from softcord.ingest.match import Predictions
from softcord.measure.table import read_measures
from softcord.sweep.ledger import Run, read_study
from tests.quick import Lay

COMMON = ("phantom=tiny", "split.hold_out_test=[sub-001]", "machine.jobs=1")


@pytest.fixture(scope="module")
def workplace(tmp_path_factory: pytest.TempPathFactory, lay_tiny_phantom: Lay) -> Path:
    """A folder with the phantom, its ground truth and, in pred/, a mask of each image of two participants."""
    folder = tmp_path_factory.mktemp("ingest")
    lay_tiny_phantom(folder)
    before = Path.cwd()
    os.chdir(folder)
    try:
        masks = Path("data/phantom-tiny/derivatives/labels")
        main(["method=first", "path=nowhere", *COMMON])  # makes the phantom, then misses the folder
        for mask in masks.glob("sub-00[12]/*/*_label-SC_seg.nii.gz"):
            target = Path("pred", *mask.parts[-3:])
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(mask, target)
        assert main(["method=theirs", "path=pred", "study=once", *COMMON]) == 0
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def here(workplace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(workplace)
    return workplace


def run_of(study: str, method: str) -> tuple[Run, Path]:
    (run,) = [run for run in read_study(Path("outputs") / study) if run.method == method]
    return run, Path("outputs") / study / run.name


def test_predictions_of_test_images_are_measured_against_the_reference(here: Path) -> None:
    run, folder = run_of("once", "theirs")
    assert run.is_complete
    table = read_measures(folder / "measures.csv")
    ours = table[(table["method"] == "theirs") & (table["metric"] == "dice")]
    assert set(ours["participant_id"]) == {"sub-001"}
    assert len(ours) == 6
    assert set(ours["seed"]) == set(ours["loss"]) == {"n/a"}
    labels = here / "data/phantom-tiny/derivatives"
    soft = nib.load(labels / "labels_softseg/sub-001/anat/sub-001_T2w_label-SC_softseg.nii.gz").get_fdata()
    hard = nib.load(labels / "labels/sub-001/anat/sub-001_T2w_label-SC_seg.nii.gz").get_fdata()
    expected = 2 * ((soft > 0.5) & (hard > 0.5)).sum() / ((soft > 0.5).sum() + (hard > 0.5).sum())
    assert ours.loc[ours["contrast"] == "T2w", "value"].item() == pytest.approx(expected, abs=1e-6)
    assert (folder / "predictions/sub-001/anat/sub-001_T2w_label-SC_softseg.nii.gz").exists()
    assert "inference_s" not in set(table["metric"])


def test_the_same_predictions_again_are_recognised_and_others_are_another_run(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["method=theirs", "path=pred", "study=once", *COMMON]) == 0
    assert "is complete (" in capsys.readouterr().err
    shutil.copytree("pred", "moved", dirs_exist_ok=True)
    assert main(["method=theirs", "path=moved", "study=once", *COMMON]) == 0
    assert len(read_study(Path("outputs/once"))) == 1
    path = here / "moved/sub-001/anat/sub-001_T2w_label-SC_seg.nii.gz"
    image = nib.load(path)
    nib.save(nib.Nifti1Image(np.zeros(image.shape, np.uint8), image.affine), path)
    assert main(["method=theirs", "path=moved", "study=changed", *COMMON]) == 0
    fingerprints = {run_of(study, "theirs")[0].fingerprint for study in ("once", "changed")}
    assert len(fingerprints) == 2


def spoil(folder: Path) -> dict[str, str]:
    """Make one prediction of each bad kind; return by contrast what has to be said about it."""
    where = folder / "sub-001/anat"
    file = {
        c: where / f"sub-001_{c}_label-SC_seg.nii.gz" for c in ("T1w", "T2w", "T2star", "flip-1_mt-on_MTS")
    }
    image = nib.load(file["T1w"])
    nib.save(nib.Nifti1Image(np.full(image.shape, np.nan, np.float32), image.affine), file["T1w"])
    image = nib.load(file["T2w"])
    nib.save(nib.Nifti1Image(image.get_fdata().astype(np.uint8)[1:], image.affine), file["T2w"])
    image = nib.load(file["T2star"])
    nib.save(nib.Nifti1Image(image.get_fdata().astype(np.uint8) * 255, image.affine), file["T2star"])
    shutil.copy(file["flip-1_mt-on_MTS"], where / "sub-001_flip-1_mt-on_MTS_again.nii.gz")
    (folder / "sub-001/dwi/sub-001_rec-average_dwi_label-SC_seg.nii.gz").unlink()
    shutil.copy(where / "sub-001_flip-2_mt-off_MTS_label-SC_seg.nii.gz", where / "sub-999_T1w.nii.gz")
    return {
        "T1w": "holds NaN",
        "T2w": "has the shape",
        "T2star": "holds values outside [0, 1]: 0 to 255",
        "MTon": "2 files are for it",
        "dwi": "no file in bad is for it",
    }


def test_bad_predictions_are_named_counted_and_left_out_and_the_rest_goes_on(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree("pred", "bad")
    expected = spoil(here / "bad")
    assert main(["method=theirs", "path=bad", "study=bad", *COMMON]) == 0
    said = capsys.readouterr().err
    assert "sub-999_T1w.nii.gz: belongs to no image" in said
    assert "5 of 6 test images are missing" in said
    _, folder = run_of("bad", "theirs")
    missing = pd.read_csv(folder / "missing.csv").set_index("contrast")["reason"]
    assert set(missing.index) == set(expected)
    for contrast, reason in expected.items():
        assert reason in missing[contrast]
    assert (folder / "orphans.txt").read_text().strip().endswith("sub-999_T1w.nii.gz")
    table = read_measures(folder / "measures.csv")
    dice = table[(table["method"] == "theirs") & (table["metric"] == "dice")].set_index("contrast")["value"]
    assert len(dice) == 6
    assert set(dice[dice.isna()].index) == set(expected)
    assert dice["GREt1w"] > 0.5


def test_a_prediction_that_was_not_downloaded_is_a_missing_image(here: Path) -> None:
    shutil.copytree("pred", "links")
    mask = here / "links/sub-001/anat/sub-001_T1w_label-SC_seg.nii.gz"
    mask.unlink()
    mask.symlink_to(".git/annex/objects/MD5E-s1--0.nii.gz")  # as DataLad leaves it
    assert main(["method=theirs", "path=links", "study=links", *COMMON]) == 0
    missing = pd.read_csv(run_of("links", "theirs")[1] / "missing.csv")
    assert list(missing["contrast"]) == ["T1w"]


def test_without_any_usable_prediction_the_run_fails(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nib.save(nib.Nifti1Image(np.zeros((2, 2, 2), np.uint8), np.eye(4)), here / "alone.nii.gz")
    Path("empty").mkdir(exist_ok=True)
    shutil.move("alone.nii.gz", "empty/alone.nii.gz")
    assert main(["method=theirs", "path=empty", "study=none", *COMMON]) == 3
    assert "no image has a prediction that can be used" in capsys.readouterr().err
    assert run_of("none", "theirs")[0].state == "failed"


def test_a_pattern_with_braces_needs_no_quotes_of_its_own(here: Path) -> None:
    for mask in Path("pred/sub-001").rglob("*_label-SC_seg.nii.gz"):
        Path("flat").mkdir(exist_ok=True)
        shutil.copy(mask, Path("flat") / f"pred-{mask.name.replace('_label-SC_seg', '')}")
    arguments = ["method=flat", "path=flat", "pattern=pred-{image}.nii.gz", "study=flat", *COMMON]
    assert main(arguments) == 0
    assert len(pd.read_csv(run_of("flat", "flat")[1] / "missing.csv")) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["path=pred"], "method: is missing"),
        (["method=mine"], "method=mine: has no path to its predictions"),
        (["method=sct_propseg", "pattern=x"], "there is no path"),
    ],
)
def test_incomplete_commands_are_refused(arguments: list[str], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        translated(arguments)


def test_the_configuration_of_a_command_can_be_looked_at(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["method=mine", "path=pred", *COMMON, "--cfg", "job"]) == 0
    assert "path: pred\n" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["GT_soft", "GT_mine", "a b"])
def test_a_name_that_tables_cannot_have_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="name: "):
        Predictions(name=name, path="pred")


def test_a_name_in_capitals_and_a_path_with_commas_stay_as_they_are() -> None:
    assert translated(["method=TotalSpineSeg", "path=a,b/it's", "study=x"]) == [
        "engine=predictions",
        "engine.name='TotalSpineSeg'",
        "engine.path='a,b/it\\'s'",
        "study=x",
    ]


# Behaves like sct_propseg: reads -i, -c and -o, writes a mask; fails on T2star, hangs on dwi the first time.
STAND_IN = f"""#!{sys.executable}
import json, os, sys, time
import nibabel as nib, numpy as np
words = dict(zip(sys.argv[1::2], sys.argv[2::2]))
with open(sys.argv[0] + ".calls", "a") as calls:
    calls.write(json.dumps(words) + "\\n")
if "T2star" in words["-i"]:
    print("Automatic cord detection failed")
    sys.exit(1)
if "dwi" in words["-i"] and not os.path.exists(sys.argv[0] + ".hung"):
    open(sys.argv[0] + ".hung", "w").close()
    time.sleep(60)
image = nib.load(words["-i"])
mask = np.zeros(image.shape, np.uint8)
mask[tuple(n // 2 for n in image.shape)] = 1
nib.save(nib.Nifti1Image(mask, image.affine), words["-o"])
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    program = tmp_path / "bin/sct_propseg"
    program.parent.mkdir()
    program.write_text(STAND_IN)
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return program


def calls_of(program: Path) -> dict[str, str]:
    lines = map(json.loads, Path(f"{program}.calls").read_text().splitlines())
    return {Path(words["-i"]).name.removesuffix(".nii.gz"): words["-c"] for words in lines}


def test_a_tool_is_run_on_each_test_image_and_its_failures_are_missing_images(
    here: Path, stand_in: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["method=sct_propseg", "engine.timeout_s=12", "study=tool", *COMMON]
    assert main(arguments) == 0
    assert calls_of(stand_in) == {
        "sub-001_T1w": "t1",
        "sub-001_T2w": "t2",
        "sub-001_T2star": "t2s",
        "sub-001_flip-1_mt-on_MTS": "t2s",
        "sub-001_flip-2_mt-off_MTS": "t1",
        "sub-001_rec-average_dwi": "dwi",
    }
    _, folder = run_of("tool", "sct_propseg")
    missing = pd.read_csv(folder / "missing.csv").set_index("contrast")["reason"]
    assert "ended with code 1: Automatic cord detection failed" in missing["T2star"]
    assert "took longer than 12 s" in missing["dwi"]
    assert len(missing) == 2
    table = read_measures(folder / "measures.csv")
    seconds = table[table["metric"] == "inference_s"].set_index("contrast")["value"]
    assert set(seconds.index) == {"T1w", "T2w", "MTon", "GREt1w"}
    assert (seconds > 0).all()
    # A run that goes on later repeats only what it lacks, and still knows how long the rest took.
    (folder / "run.json").write_text(
        json.dumps({**json.loads((folder / "run.json").read_text()), "state": "failed"})
    )
    Path(f"{stand_in}.calls").unlink()
    assert main(arguments) == 0
    assert set(calls_of(stand_in)) == {"sub-001_T2star", "sub-001_rec-average_dwi"}
    again = read_measures(folder / "measures.csv")
    repeated = again[again["metric"] == "inference_s"].set_index("contrast")["value"]
    assert repeated[seconds.index].to_dict() == pytest.approx(seconds.to_dict(), abs=1e-3)
    assert list(pd.read_csv(folder / "missing.csv")["contrast"]) == ["T2star"]


def test_no_training_of_softcord_s_is_taken_for_a_program() -> None:
    assert {name: make_plan(compose(f"engine={name}")).engine.trains for name in tools()} == dict.fromkeys(
        ("sct_deepseg_sc_2d", "sct_deepseg_sc_3d", "sct_deepseg_spinalcord", "sct_propseg"), False
    )
    with pytest.raises(UsageError, match="has no path to its predictions"):
        translated(["method=rounds"])


def test_a_tool_that_is_not_installed_is_named_with_the_way_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["method=sct_deepseg_sc_2d", "study=absent", *COMMON]) == 2
    said = capsys.readouterr().err
    assert "sct_deepseg_sc: not found. Install the Spinal Cord Toolbox" in said
    run, _ = run_of("absent", "sct_deepseg_sc_2d")
    assert run.reason.startswith("sct_deepseg_sc: not found")


def only_two_contrasts(folder: Path) -> None:
    shutil.copytree("pred", folder)
    for mask in folder.rglob("*.nii.gz"):
        if mask.name.removeprefix("sub-001_").removeprefix("sub-002_") not in (
            "T1w_label-SC_seg.nii.gz",
            "T2w_label-SC_seg.nii.gz",
        ):
            mask.unlink()


def test_contrasts_of_which_a_method_has_no_mask_at_all_are_not_missing(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    only_two_contrasts(here / "two")
    assert main(["method=two", "path=two", "study=two", "contrasts=2", *COMMON]) == 0
    printed = capsys.readouterr()
    assert "two makes no masks of" in printed.err
    assert "missing" not in printed.err
    _, folder = run_of("two", "two")
    assert len(pd.read_csv(folder / "missing.csv")) == 0
    table = read_measures(folder / "measures.csv")
    dice = table[(table["method"] == "two") & (table["metric"] == "dice")]
    assert sorted(dice["contrast"]) == ["T1w", "T2w"]
    assert dice["value"].notna().all()
    row = next(line for line in printed.out.splitlines() if line.startswith("two "))
    assert row.split()[1] == "1"  # participants
    # Beside a method of all contrasts it keeps its numbers, on its own contrasts.
    assert main(["method=theirs", "path=pred", "study=two", *COMMON]) == 0
    assert compare(["study=two"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith(("two ", "theirs "))]
    assert [row.split()[1] for row in rows[:2]] == ["1", "1"]


def test_tested_contrasts_are_what_is_tested_and_part_of_the_run_s_identity(here: Path) -> None:
    assert main(["method=theirs", "path=pred", "study=some", "tested_contrasts=[T2w,dwi]", *COMMON]) == 0
    run, folder = run_of("some", "theirs")
    assert sorted(pd.read_csv(folder / "test.csv")["contrast"]) == ["T2w", "dwi"]
    assert set(read_measures(folder / "measures.csv")["contrast"]) >= {"T2w", "dwi"}
    assert "T1w" not in set(read_measures(folder / "measures.csv")["contrast"])
    assert run.config_hash != run_of("once", "theirs")[0].config_hash
    assert main(["method=theirs", "path=pred", "study=some", "tested_contrasts=FLAIR", *COMMON]) == 3
    assert main(["method=theirs", "path=pred", "study=some", "tested_contrasts=T9w", *COMMON]) == 2


def test_faint_values_count_where_the_switch_says_so_and_that_is_another_run(here: Path) -> None:
    shutil.copytree("pred", "hazy")
    for path in Path("hazy").rglob("*.nii.gz"):
        mask = nib.load(path)
        haze = np.maximum(mask.get_fdata(), 0.01).astype(np.float32)
        nib.save(nib.Nifti1Image(haze, mask.affine), path)
    areas = {}
    for words in ("tails=false", "tails=true"):
        command = ["method=hazy", "path=hazy", f"study=tails-{words[6:]}", words, *COMMON]
        assert main(command) == 0
        run, folder = run_of(f"tails-{words[6:]}", "hazy")
        table = read_measures(folder / "measures.csv")
        own = table[(table["method"] == "hazy") & (table["metric"] == "csa_mm2")]
        areas[words] = own["value"].mean(), run.config_hash, table["metric"]
    clean, everything = areas["tails=false"], areas["tails=true"]
    assert everything[0] > 1.05 * clean[0]
    assert clean[1] != everything[1]
    assert "tails_left_out_pct" in set(clean[2])
    assert "tails_left_out_pct" not in set(everything[2])
