"""`softcord evaluate`: trained methods on other datasets, here with models that were never trained."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas as pd
import pytest
import torch
import yaml

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.models.trained import find_trained
from softcord.app.sweeps.runs import check_names
from softcord.app.verbs.compare import main as compare
from softcord.app.verbs.evaluate import main
from softcord.app.verbs.ingest import main as ingest
from softcord.app.verbs.study import main as study
from softcord.errors import UsageError
from softcord.io.nifti import read_volume
from softcord.measure.image import measure_image
from softcord.measure.table import MEASURE_COLUMNS, read_measures
from softcord.nets.unet import UNet
from softcord.nnunet.run import model_folder
from softcord.predict.package import Model, ModelDescription, NetDescription, TrainedOn, write_package
from softcord.predict.write import softseg_path
from softcord.sweep.ledger import Run, read_study, record
from softcord.track.store import open_store

SMALL = {"features": [4, 8], "strides": [[1, 1, 1], [2, 2, 2]]}
# Views of a few slices keep this fast; names, masks and difficulties are as in the whole variants.
TINY = (
    "phantom.n_participants=3",
    "machine.threads=1",
    "machine.jobs=1",
    "machine.accelerator=cpu",
    "study=unseen",
)


def model(name: str, seed: int = 1, contrasts: Sequence[str] = ("T1w", "T2w")) -> Model:
    """A model with random weights, whose raw output is shifted so that some voxels are above 0.5."""
    torch.manual_seed(seed)
    net = UNet(**SMALL)
    trained_on = TrainedOn("phantom-demo", "sha256:0", tuple(contrasts), ("sub-001",), ("sub-002",))
    description = ModelDescription(
        name=name,
        net=NetDescription("softcord.nets.unet.UNet", SMALL),
        window_voxels=(32, 48, 32),
        activation="normrelu",
        gt="soft",
        loss="awing",
        trained_on=(trained_on,),
        provenance={"seed": str(seed)},
    )
    return Model(net, description)


def finished_run(outputs: Path, study: str, name: str, method: str, packages: dict[str, Model]) -> None:
    run_dir = outputs / study / name
    for place, one in packages.items():
        write_package(run_dir / place, one)
    run_dir.mkdir(parents=True, exist_ok=True)
    record(run_dir, Run(name, study, method, 1, "f", name, ()), "complete")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory):
    """A folder with two trained methods, in which one sweep over them and two datasets was run."""
    folder = tmp_path_factory.mktemp("evaluate")
    outputs = folder / "outputs"
    finished_run(outputs, "mine", "soft_all_s1-abc123", "soft_all", {"model": model("soft_all")})
    finished_run(
        outputs, "mine", "hard_all_SoftSeg_s1-def456", "hard_all_SoftSeg", {"model": model("hard", 2)}
    )
    before = Path.cwd()
    os.chdir(folder)
    try:
        sweep = ["-m", "model=mine/soft_all,mine/hard_all_SoftSeg", "phantom=sci_t2w,flair", *TINY]
        assert main(sweep) == 0
        yield folder
    finally:
        os.chdir(before)


def runs_of(folder: Path, data: str) -> list[Run]:
    return [run for run in read_study(folder / "outputs/unseen") if data in run.name]


def test_each_method_is_tested_on_each_dataset_under_its_own_name(here):
    found = {(run.method, "sci_t2w" in run.name) for run in read_study(here / "outputs/unseen")}
    assert found == {
        (method, is_sci) for method in ("soft_all", "hard_all_SoftSeg") for is_sci in (True, False)
    }
    assert all(run.is_complete for run in read_study(here / "outputs/unseen"))


def test_measures_are_those_of_the_prediction_files_with_the_fixed_columns(here):
    (run,) = [run for run in runs_of(here, "sci_t2w") if run.method == "soft_all"]
    run_dir = here / "outputs/unseen" / run.name
    table = read_measures(run_dir / "measures.csv")
    assert tuple(table.columns) == MEASURE_COLUMNS
    own = table[(table["method"] == "soft_all") & (table["metric"] == "dice")]
    assert set(own["gt"]) == {"soft"}
    assert set(own["loss"]) == {"awing"}
    assert set(own["contrasts_trained"]) == {"T1w T2w"}
    tested = pd.read_csv(run_dir / "test.csv")
    assert len(tested) == len(own) == 3
    for row in tested.to_dict("records"):
        prediction = read_volume(softseg_path(run_dir / "predictions", Path(row["image"])))
        measured = measure_image(prediction, reference_softseg=read_volume(row["label"]))
        expected = {one.metric: one.value for one in measured}
        value = own.loc[own["participant_id"] == row["participant_id"], "value"].item()
        assert value == pytest.approx(expected["dice"])


def test_a_dataset_without_ground_truth_gives_predictions_and_a_page_but_no_measures(here):
    for run in runs_of(here, "flair"):
        run_dir = here / "outputs/unseen" / run.name
        assert len(list((run_dir / "predictions").rglob("*_softseg.nii.gz"))) == 3
        assert len(read_measures(run_dir / "measures.csv")) == 0
        page = (run_dir / "qc.html").read_text()
        assert "There is no ground truth" in page
        assert page.count("data:image/jpeg") == 3


def test_the_same_command_again_predicts_nothing(here, caplog):
    states = {path: path.stat().st_mtime_ns for path in (here / "outputs/unseen").rglob("*_softseg.nii.gz")}
    assert main(["-m", "model=mine/soft_all", "phantom=sci_t2w,flair", *TINY]) == 0
    assert {path: path.stat().st_mtime_ns for path in states} == states


def test_a_sweep_of_tests_says_how_far_it_is(here, capsys):
    words = ["-m", "model=mine/soft_all,mine/hard_all_SoftSeg", "phantom=flair", *TINY[:-1], "study=watched"]
    assert main(words) == 0
    assert "2 of 2 runs complete" in capsys.readouterr().err
    assert {run.fraction for run in read_study(here / "outputs/watched")} == {1.0}
    assert main(words) == 0
    assert "runs complete" not in capsys.readouterr().err


def test_the_study_shows_a_test_as_one_and_runs_it_again_as_one(here, capsys):
    run = runs_of(here, "flair")[0]
    folder = here / "outputs/unseen" / run.name
    mask = next((folder / "predictions").rglob("*softseg.nii.gz"))
    before = mask.stat().st_mtime_ns
    assert study(["rerun", "unseen", run.name]) == 0
    assert mask.stat().st_mtime_ns > before
    assert not list((here / "outputs/unseen").rglob("checkpoints"))
    capsys.readouterr()
    assert study(["show", "unseen", run.name]) == 0
    assert "python -m softcord.evaluate evaluate.model=mine/" in capsys.readouterr().out
    assert study(["status", "unseen"]) == 0
    printed = capsys.readouterr().out
    swept = "\npython -m softcord.evaluate -m evaluate.model=mine/soft_all,mine/hard_all_SoftSeg"
    assert printed.count(swept) == 1
    assert "repeating this would skip 4:" in printed


def test_an_interrupted_test_goes_on_with_the_images_that_are_missing(here, capsys):
    (run,) = [run for run in runs_of(here, "sci_t2w") if run.method == "soft_all"]
    run_dir = here / "outputs/unseen" / run.name
    masks = sorted((run_dir / "predictions").rglob("*_softseg.nii.gz"))
    kept = {path: path.stat().st_mtime_ns for path in masks[1:]}
    masks[0].unlink()
    record(run_dir, run, "interrupted")
    assert main(["model=mine/soft_all", "phantom=sci_t2w", *TINY]) == 0
    assert masks[0].exists()
    assert {path: path.stat().st_mtime_ns for path in masks[1:]} == kept
    # From T9 to L1: that the default levels are not there is said, not only left out of the table.
    assert "no image of phantom-sci_t2w shows levels 2:3, so there is no CSA" in capsys.readouterr().err


def test_compare_keeps_the_datasets_apart_and_makes_one_table_of_them(here):
    assert compare(["study=unseen", "compare.overlays=2"]) == 0
    study = here / "outputs/unseen"
    assert (study / "phantom-sci_t2w/report.html").exists()
    assert (study / "phantom-sci_t2w/figures/overlays.png").stat().st_size > 5000
    assert not (study / "phantom-flair/report.html").exists()
    table = pd.read_csv(study / "tables/datasets.csv", keep_default_na=False)
    assert {"soft_all", "hard_all_SoftSeg"} <= set(table["method"])
    assert "phantom-sci_t2w: Dice ↑" in table.columns
    assert "phantom-flair: nothing was measured." in (study / "report.html").read_text()


def test_the_run_says_which_weights_on_which_data(here):
    (run,) = [run for run in runs_of(here, "sci_t2w") if run.method == "soft_all"]
    run_dir = here / "outputs/unseen" / run.name
    provenance = json.loads((run_dir / "provenance.json").read_text())
    assert provenance["models"] == {"every": "outputs/mine/soft_all_s1-abc123/model"}
    assert provenance["dataset_identity"].startswith("sha256:")
    trained_on = json.loads((run_dir / "trained_on.json").read_text())
    assert trained_on[0]["train_participants"] == ["sub-001"]
    config = yaml.safe_load((run_dir / "config.yaml").read_text())
    assert config["reference"] == "hard"  # the variant has no soft masks
    assert "loss" not in config  # that would be another training's
    assert config["split"]["name"] == "all_test"  # as of programs that are run on everybody
    entry = open_store(here / "mlruns").client().get_run(run.store_run_id)
    assert entry.data.tags["data"] == "phantom-sci_t2w"
    assert "test/dice" in entry.data.metrics


def test_a_package_and_a_real_layout_through_the_external_sets_own_config(here):
    write_package(here / "given", model("given"))
    shutil.copytree(next((here / "data").glob("phantom-sci_t2w*")), here / "data/sci_t2w")
    shutil.rmtree(here / "data/sci_t2w/derivatives/truth")
    first = next((here / "data/sci_t2w/derivatives/labels").rglob("*_label-SC_seg.nii.gz"))
    first.unlink()
    assert main(["model=given", "data=sci_t2w", "reference=hard", *TINY, "study=real"]) == 0
    (run,) = read_study(here / "outputs/real")
    assert run.method == "given"
    table = read_measures(here / "outputs/real" / run.name / "measures.csv")
    dice = table[(table["method"] == "given") & (table["metric"] == "dice")]
    assert len(dice) == 2  # of the third there is no mask
    assert len(list((here / "outputs/real" / run.name / "predictions").rglob("*_softseg.nii.gz"))) == 3


def test_of_one_model_per_contrast_the_one_that_stands_for_the_contrast_predicts(here):
    packages = {
        f"models/{contrast}/model": model(f"per-{contrast}", seed, (contrast,))
        for seed, contrast in enumerate(("T1w", "T2w"), start=1)
    }
    finished_run(here / "outputs", "mine", "soft_per_contrast_s1-aa", "soft_per_contrast", packages)
    write_package(here / "t1w", model("t1w", 1))
    common = ["phantom=flair", *TINY, "study=per"]
    assert main(["-m", "model=mine/soft_per_contrast,t1w", *common]) == 0
    masks = {}
    for run in read_study(here / "outputs/per"):
        paths = sorted((here / "outputs/per" / run.name / "predictions").rglob("*_softseg.nii.gz"))
        masks[run.method] = [read_volume(path).data for path in paths]
    assert len(masks["soft_per_contrast"]) == 3
    for one, other in zip(masks["soft_per_contrast"], masks["t1w"], strict=True):
        assert (one == other).all()


def test_the_training_of_a_tested_method_is_no_other_one(here):
    plans = [make_plan(compose("phantom=tiny", "study=unseen"))]
    assert "soft_all" in {run.method for run in read_study(plans[0].study_dir) if run.is_complete}
    check_names(plans)
    with pytest.raises(UsageError, match="has soft_all with seed 1 and other settings"):
        check_names([make_plan(compose("phantom=sci_t2w", "study=unseen"))])


def test_another_model_of_the_same_name_is_refused_unless_it_is_named(here, capsys):
    write_package(here / "other", model("soft_all", 7))
    description = json.loads((here / "other/model.json").read_text())
    assert description["provenance"]["seed"] == "7"
    write_package(here / "twin", model("soft_all", 1))
    torch.manual_seed(5)
    changed = model("soft_all", 1)
    with torch.no_grad():
        next(changed.net.parameters()).add_(1)
    write_package(here / "twin", changed)
    assert main(["model=twin", "phantom=sci_t2w", *TINY]) == 2
    assert "variant=WORD" in capsys.readouterr().err
    assert main(["model=twin", "phantom=sci_t2w", "variant=shifted", *TINY]) == 0
    assert "soft_all_shifted" in {run.method for run in read_study(here / "outputs/unseen")}


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "model: is missing"),
        (["model=nowhere/soft_all"], 3, "Studies: "),
        (["model=mine/sfot"], 3, "is no finished run"),
        (["model=mine/soft_all", "evaluate.participants=some"], 2, "evaluate.participants"),
        (["model=mine/soft_all", "evaluate.model_of={T9w: T1w}"], 2, "T9w"),
        (["model=mine/soft_all", "data=sci_t2w", "data.root=absent"], 3, "absent"),
        (["model=mine/soft_all", "phantom=sci_t3w"], 2, "sci_t2w"),
    ],
)
def test_what_cannot_work_is_said_in_one_line(here, capsys, words, code, said):
    assert main([*words, *TINY, "study=wrong"]) == code
    error = [line for line in capsys.readouterr().err.splitlines() if line.startswith("softcord: ")]
    assert len(error) == 1
    assert said in error[0]


def test_several_runs_of_one_method_have_to_be_told_apart(here, capsys):
    for seed in (1, 2):
        name = f"soft_all_s{seed}-99"
        finished_run(here / "outputs", "seeds", name, "soft_all", {"model": model("soft_all", seed)})
    assert main(["model=seeds/soft_all", "phantom=flair", *TINY]) == 2
    assert "Name one: seeds/soft_all_s1-99, seeds/soft_all_s2-99." in capsys.readouterr().err
    assert main(["model=seeds/soft_all_s2", "phantom=flair", *TINY, "study=seeded"]) == 0


def test_participants_that_the_model_was_trained_on_are_named(here, capsys):
    seen = model("seen")
    trained_on = replace(seen.description.trained_on[0], dataset="phantom-sci_t2w")
    described = replace(seen.description, trained_on=(trained_on,))
    write_package(here / "seen", Model(seen.net, described))
    assert main(["model=seen", "phantom=sci_t2w", *TINY, "study=leak"]) == 0
    said = capsys.readouterr().err
    assert "Leakage: seen was trained on 1 and chose its checkpoint by 1 of the 3 participants" in said
    (run,) = read_study(here / "outputs/leak")
    (told,) = json.loads((here / "outputs/leak" / run.name / "trained_on.json").read_text())
    assert told["dataset"] == "phantom-sci_t2w"  # compare warns by it


def test_the_built_in_model_is_known_by_its_name(here):
    assert find_trained("synthetic-v2", here / "outputs").method == "synthetic-v2"


def test_the_test_list_of_the_split_can_be_chosen(here):
    words = ["model=mine/soft_all", "phantom=sci_t2w", "evaluate.participants=test", "study=test-list"]
    assert main([*words, *TINY[:-1], "split.hold_out_test=[sub-002]"]) == 0
    (run,) = read_study(here / "outputs/test-list")
    tested = pd.read_csv(here / "outputs/test-list" / run.name / "test.csv")
    assert list(tested["participant_id"]) == ["sub-002"]


def test_models_that_are_not_there_are_named_and_the_others_of_a_sweep_are_tested(here, capsys):
    words = ["-m", "model=mine/soft_all,mine/absent", "phantom=flair", *TINY[:-1], "study=partly"]
    assert main(words) == 4
    said = capsys.readouterr().err
    assert "not run: mine/absent: is no finished run" in said
    assert "1 of 2 tests lack their model" in said
    assert [run.method for run in read_study(here / "outputs/partly")] == ["soft_all"]
    assert main(["-m", "model=mine/absent,mine/none", "phantom=flair", *TINY[:-1], "study=partly"]) == 3


def test_an_image_that_cannot_be_read_is_missing_and_the_others_are_tested(here):
    data = here / "data/damaged"
    shutil.copytree(next((here / "data").glob("phantom-sci_t2w*")), data)
    (data / "sub-002/anat/sub-002_T2w.nii.gz").write_bytes(b"no image")
    words = ["model=mine/soft_all", "data=bids", f"data.root={data}", "reference=hard"]
    assert main([*words, *TINY[:-1], "study=damaged"]) == 0
    (run,) = read_study(here / "outputs/damaged")
    run_dir = here / "outputs/damaged" / run.name
    missing = pd.read_csv(run_dir / "missing.csv")
    assert list(missing["participant_id"]) == ["sub-002"]
    table = read_measures(run_dir / "measures.csv")
    dice = table[(table["method"] == "soft_all") & (table["metric"] == "dice")]
    assert list(dice["participant_id"][dice["value"].isna()]) == ["sub-002"]
    assert len(dice) == 3


def test_ground_truth_that_cannot_be_read_is_named_first_and_its_image_predicted_only(here, capsys):
    data = here / "data/torn"
    shutil.copytree(next((here / "data").glob("phantom-sci_t2w*")), data)
    (torn,) = data.glob("derivatives/labels/sub-002/anat/*_label-SC_seg.nii.gz")
    torn.write_bytes(torn.read_bytes()[:200])
    words = ["model=mine/soft_all", "data=bids", f"data.root={data}", "reference=hard", *TINY[:-1]]
    assert main([*words, "study=torn"]) == 0
    (warning,) = (line for line in capsys.readouterr().err.splitlines() if "not measured" in line)
    assert torn.name in warning
    (run,) = read_study(here / "outputs/torn")
    run_dir = here / "outputs/torn" / run.name
    assert len([*run_dir.glob("predictions/sub-*/anat/*.nii.gz")]) == 3
    table = read_measures(run_dir / "measures.csv")
    assert set(table["participant_id"]) == {"sub-001", "sub-003"}
    for path in data.glob("derivatives/labels/sub-*/anat/*_label-SC_seg.nii.gz"):
        path.write_bytes(b"no mask")
    assert main([*words, "study=all_torn"]) == 0
    (run,) = read_study(here / "outputs/all_torn")
    assert not len(read_measures(here / "outputs/all_torn" / run.name / "measures.csv"))


# Stands for nnU-Net's Python: each mask is the middle of its image, but for one that fails.
NNUNET = f"""#!{sys.executable}
import json, os, pathlib, sys
import nibabel as nib, numpy as np
request = json.loads(pathlib.Path(sys.argv[2]).read_text())
assert pathlib.Path(request["model"], "fold_0/checkpoint_final.pth").exists()
print(json.dumps({{"ready": True}}))
for path, mask in request["images"]:
    if "sub-002" in path:
        print(json.dumps({{"image": path, "error": "ValueError: no"}}))
        continue
    image = nib.load(path)
    middle = np.zeros(image.shape, np.uint8)
    middle[tuple(slice(n // 4, 3 * n // 4) for n in image.shape)] = 1
    nib.save(nib.Nifti1Image(middle, image.affine), mask)
    print(json.dumps({{"image": path, "seconds": 1.5}}))
"""


def test_an_nnunet_that_was_trained_here_is_tested_like_a_model_of_our_own(here):
    run_dir = here / "outputs/mine/nnunet2d_s1-77"
    checkpoint = model_folder(run_dir / "nnunet", "2d") / "fold_0/checkpoint_final.pth"
    checkpoint.parent.mkdir(parents=True)
    checkpoint.write_bytes(b"weights")
    finished_run(here / "outputs", "mine", run_dir.name, "nnunet2d", {})
    seen = TrainedOn("phantom-demo", "sha256:0", ("T1w", "T2w"), ("sub-001",))
    (run_dir / "trained_on.json").write_text(json.dumps([asdict(seen)]))
    row = dict.fromkeys(MEASURE_COLUMNS, "n/a") | {"method": "nnunet2d", "gt": "soft_bin", "loss": "nnunet2d"}
    (run_dir / "measures.csv").write_text(pd.DataFrame([row | {"value": 1.0}]).to_csv(index=False))
    programs = here / "nnunet-bin"
    programs.mkdir()
    for name in ("nnUNetv2_plan_and_preprocess", "python"):
        (programs / name).write_text(NNUNET)
        (programs / name).chmod(0o755)
    words = ["model=mine/nnunet2d", "phantom=sci_t2w", f"machine.nnunet={programs}", *TINY[:-1], "study=nnu"]
    assert main(words) == 0
    (run,) = read_study(here / "outputs/nnu")
    tested = here / "outputs/nnu" / run.name
    assert run.method == "nnunet2d"
    assert len(list((tested / "predictions").rglob("*_softseg.nii.gz"))) == 2
    assert pd.read_csv(tested / "missing.csv")["reason"].tolist() == ["nnU-Net failed: ValueError: no"]
    table = read_measures(tested / "measures.csv")
    own = table[table["method"] == "nnunet2d"]
    assert set(own["gt"]) == {"soft_bin"}
    assert set(own["contrasts_trained"]) == {"T1w T2w"}
    assert own.loc[own["metric"] == "dice", "value"].between(0.01, 1).sum() == 2
    told = json.loads((tested / "trained_on.json").read_text())
    assert told[0]["train_participants"] == ["sub-001"]
    assert not (tested / "nnunet").exists()
    assert main(words) == 0  # recognised: without nnU-Net's Python


def test_masks_made_elsewhere_join_the_methods_that_were_tested_on_the_same_data(here):
    common = ["phantom=sci_t2w", "reference=hard", *TINY[:-1], "study=joined"]
    assert main(["model=mine/soft_all", *common]) == 0
    masks = next((here / "data").glob("phantom-sci_t2w*")) / "derivatives/labels"
    theirs = ["method=theirs", f"path={masks}", "pattern={image}_label-SC_seg.nii.gz", "split=all_test"]
    assert ingest([*theirs, *common]) == 0
    assert compare(["study=joined"]) == 0
    table = pd.read_csv(here / "outputs/joined/tables/summary.csv").set_index("method")
    assert table.loc[["soft_all", "theirs"], "n"].tolist() == [3, 3]
