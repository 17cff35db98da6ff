"""nnU-Net's steps with a stand-in for it: what is skipped, gone on with, or reported."""

import json
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from softcord.errors import RunError
from softcord.io.nifti import write_volume
from softcord.nnunet.export import DATASET, Case
from softcord.nnunet.install import Install
from softcord.nnunet.run import Work, find_model, model_folder, predict_nnunet, train_nnunet
from softcord.nnunet.settings import NnUNetSettings
from softcord.train.settings import NnUNetLength

# Stands for nnU-Net's Python: notes its call and does what the real one leaves behind; the second epoch fails
# once, the image with "bad" in its name always, of one with "deadly" it dies, at "unsaid" it ends in silence.
STAND_IN = f"""#!{sys.executable}
import json, os, pathlib, shutil, sys, zipfile
if sys.argv[0].endswith("nnUNetv2_plan_and_preprocess"):
    folder = pathlib.Path(os.environ["nnUNet_preprocessed"], "{DATASET}")
    folder.mkdir(parents=True)
    print("planned", " ".join(sys.argv[1:]))
    sys.exit(0)
script, request = pathlib.Path(sys.argv[1]).name, json.loads(pathlib.Path(sys.argv[2]).read_text())
with open(pathlib.Path(sys.argv[2]).parent / "calls", "a") as calls:
    print(script, request.get("resume", ""), file=calls)
if script == "train_model.py":
    fold = pathlib.Path(os.environ["nnUNet_results"], "{DATASET}", "nnUNetTrainer__nnUNetPlans__2d", "fold_0")
    fold.mkdir(parents=True, exist_ok=True)
    print("Epoch 0", "train_loss 0.5", "val_loss 0.4", "Pseudo dice [0.9]", "Epoch time: 1 s", sep="\\n")
    if not request["resume"]:
        zipfile.ZipFile(fold / "checkpoint_latest.pth", "w").writestr("data", "weights")
        print("RuntimeError: One or more background workers are no longer alive")
        sys.exit(1)
    (fold / "checkpoint_final.pth").touch()
else:
    print(json.dumps({{"ready": True}}))
    for image, mask in request["images"]:
        if "deadly" in image:
            print("Killed")
            sys.exit(137)
        elif "unsaid" in image:
            sys.exit(0)
        elif "bad" in image:
            print(json.dumps({{"image": image, "error": "ValueError: no"}}))
        else:
            shutil.copy(image, mask)
            print(json.dumps({{"image": image, "seconds": 1.5}}))
"""

SETTINGS = NnUNetSettings("2d", NnUNetLength(epochs=2, iterations=1, val_iterations=1))


@pytest.fixture
def work(tmp_path: Path) -> Work:
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("nnUNetv2_plan_and_preprocess", "python"):
        (folder / name).write_text(STAND_IN)
        (folder / name).chmod(0o755)
    install = Install(folder, folder / "python")
    return Work(install, tmp_path / "run", "cpu", jobs=1, workers=0, threads=1)


def cases(folder: Path) -> tuple[list[Case], list[Case]]:
    for name in ("sub-01_T1w", "sub-02_T1w", "bad"):
        write_volume(folder / f"{name}.nii.gz", np.ones((3, 3, 3), np.float32), np.eye(4))
    train, val = (
        Case(n, folder / f"{n}.nii.gz", folder / f"{n}.nii.gz") for n in ("sub-01_T1w", "sub-02_T1w")
    )
    return [train], [val]


def calls(work: Work) -> list[str]:
    return (work.folder / "calls").read_text().splitlines()


def test_a_training_that_dies_is_named_with_its_log_and_goes_on_when_started_again(
    work: Work, tmp_path: Path
) -> None:
    train, val = cases(tmp_path)
    epochs: list[int] = []
    with pytest.raises(
        RunError, match=r"background workers are no longer alive\. Its output is in .*train\.log"
    ):
        train_nnunet(
            work, SETTINGS, train, val, seed=1, on_epoch=lambda epoch, _metrics: epochs.append(epoch)
        )
    assert epochs == [0]
    assert find_model(work.folder) is None
    exported = (work.raw / DATASET / "dataset.json").stat().st_mtime_ns
    train_nnunet(work, SETTINGS, train, val, seed=1, on_epoch=lambda _epoch, _metrics: None)
    assert calls(work) == ["train_model.py False", "train_model.py True"]
    assert (work.raw / DATASET / "dataset.json").stat().st_mtime_ns == exported
    assert (work.folder / "preprocess.log").read_text().count("planned -d 1") == 1
    train_nnunet(work, SETTINGS, train, val, seed=1, on_epoch=lambda _epoch, _metrics: None)
    assert len(calls(work)) == 2
    assert find_model(work.folder) == model_folder(work.folder, "2d")


@pytest.mark.parametrize(("split_by", "ours"), [("participant", True), ("image", False)])
def test_the_split_is_ours_unless_nnunet_is_to_part_the_images(
    work: Work, tmp_path: Path, split_by: Literal["participant", "image"], ours: bool
) -> None:
    train, val = cases(tmp_path)
    settings = replace(SETTINGS, split_by=split_by)
    with pytest.raises(RunError):
        train_nnunet(work, settings, train, val, seed=1, on_epoch=lambda _epoch, _metrics: None)
    assert (work.preprocessed / DATASET / "splits_final.json").exists() == ours


def test_a_checkpoint_cut_off_while_it_was_written_is_not_gone_on_from(work: Work, tmp_path: Path) -> None:
    train, val = cases(tmp_path)
    fold = model_folder(work.folder, "2d") / "fold_0"
    fold.mkdir(parents=True)
    (fold / "checkpoint_latest.pth").write_bytes(b"PK\\x03\\x04 and no end")
    with pytest.raises(RunError):
        train_nnunet(work, SETTINGS, train, val, seed=1, on_epoch=lambda _epoch, _metrics: None)
    assert calls(work) == ["train_model.py False"]
    assert zipfile.is_zipfile(fold / "checkpoint_latest.pth")


def test_an_image_that_nnunet_fails_on_is_an_error_of_its_own_and_masks_are_made_once(
    work: Work, tmp_path: Path
) -> None:
    cases(tmp_path)
    masks = {tmp_path / f"{n}.nii.gz": work.folder / "masks" / f"{n}.nii.gz" for n in ("sub-01_T1w", "bad")}
    work.folder.mkdir()
    errors = predict_nnunet(work, model_folder(work.folder, "2d"), masks)
    assert errors == {tmp_path / "bad.nii.gz": "nnU-Net failed: ValueError: no"}
    took = json.loads((work.folder / "masks/sub-01_T1w.json").read_text())["inference_s"]
    assert took > 1.5
    predict_nnunet(work, model_folder(work.folder, "2d"), masks)
    request = json.loads((work.folder / "predict.json").read_text())
    assert [Path(image).name for image, _ in request["images"]] == ["bad.nii.gz"]


def test_an_image_that_nnunet_dies_of_is_missing_and_those_after_it_are_predicted(
    work: Work, tmp_path: Path
) -> None:
    names = ("sub-01_T1w", "deadly", "sub-02_T1w", "deadly-too")
    for name in names:
        write_volume(tmp_path / f"{name}.nii.gz", np.ones((3, 3, 3), np.float32), np.eye(4))
    masks = {tmp_path / f"{name}.nii.gz": work.folder / "masks" / f"{name}.nii.gz" for name in names}
    work.folder.mkdir()
    done: list[str] = []
    errors = predict_nnunet(work, model_folder(work.folder, "2d"), masks, on_done=done.append)
    assert [path.name for path in errors] == ["deadly.nii.gz", "deadly-too.nii.gz"]
    assert "ended with code 137: Killed" in errors[tmp_path / "deadly.nii.gz"]
    assert all(masks[tmp_path / f"{name}.nii.gz"].exists() for name in ("sub-01_T1w", "sub-02_T1w"))
    assert done == [f"{name}.nii.gz" for name in names]
    assert len(calls(work)) == 2


def test_an_image_that_nnunet_ends_at_in_silence_is_missing_and_not_waited_for(
    work: Work, tmp_path: Path
) -> None:
    cases(tmp_path)
    masks = {tmp_path / f"{n}.nii.gz": work.folder / f"masks/{n}.nii.gz" for n in ("unsaid", "sub-01_T1w")}
    work.folder.mkdir()
    errors = predict_nnunet(work, model_folder(work.folder, "2d"), masks)
    assert errors == {tmp_path / "unsaid.nii.gz": "nnU-Net ended without a word of it"}
    assert masks[tmp_path / "sub-01_T1w.nii.gz"].exists()
    assert len(calls(work)) == 2


def test_an_nnunet_that_dies_before_its_first_image_fails_as_a_whole(work: Work, tmp_path: Path) -> None:
    work.install.python.write_text("#!/bin/sh\necho no torch here\nexit 1\n")
    work.folder.mkdir()
    with pytest.raises(RunError, match="ended with code 1: no torch here"):
        predict_nnunet(work, tmp_path, {tmp_path / "sub-01_T1w.nii.gz": work.folder / "masks/a.nii.gz"})
