"""`softcord predict`: masks in the image's own space, and one line for what cannot be predicted."""

import hashlib
import json
import os
import resource
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import torch

from softcord.app.verbs.predict import main
from softcord.io.nifti import Volume
from softcord.nets.unet import UNet
from softcord.predict.package import (
    Model,
    ModelDescription,
    NetDescription,
    read_package,
    write_package,
)
from softcord.predict.volume import Prediction, PredictSettings
from softcord.review.masks import masks_folder
from tests.speed import assert_within

ARGUMENTS = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
ROTATION = np.linalg.qr(np.array([[0.8, 0.3, 0.0], [-0.3, 0.8, 0.2], [0.1, -0.15, 2.9]]))[0]


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    net = UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1)
    description = ModelDescription(
        "soft_all", NetDescription("softcord.nets.unet.UNet", ARGUMENTS), (16, 16, 16), "clip"
    )
    return write_package(tmp_path_factory.mktemp("study") / "run" / "model", Model(net, description))


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return save(tmp_path / "t2.nii.gz")


def voxels(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).random(shape or (18, 20, 9), dtype=np.float32)


def save(path: Path, data: np.ndarray | None = None, affine: np.ndarray | None = None) -> Path:
    image = nib.Nifti1Image(voxels() if data is None else data, np.eye(4) if affine is None else affine)
    nib.save(image, path)
    return path


def predict(*arguments: object) -> int:
    return main([str(argument) for argument in arguments])


def test_the_mask_is_soft_and_has_the_geometry_of_the_image_untouched(package: Path, tmp_path: Path) -> None:
    oblique = nib.Nifti1Image((voxels() * 1000).astype(np.int16), None)
    affine = np.eye(4)
    affine[:3, :3] = ROTATION @ np.diag([0.5, 0.5, 3.0])
    affine[:3, 3] = (4, -7, 30)
    oblique.set_sform(affine, code=2)
    oblique.set_qform(affine, code=3)
    nib.save(oblique, tmp_path / "t2.nii.gz")
    assert predict("-i", tmp_path / "t2.nii.gz", "-m", package, "-o", tmp_path / "out.nii.gz") == 0
    before, after = (nib.load(tmp_path / name) for name in ("t2.nii.gz", "out.nii.gz"))
    assert after.get_data_dtype() == np.float32
    mask = np.asarray(after.dataobj)
    assert mask.min() >= 0
    assert mask.max() <= 1
    geometry = "qform_code sform_code srow_x srow_y srow_z quatern_b quatern_c quatern_d pixdim xyzt_units"
    for field in geometry.split():
        assert np.array_equal(before.header[field], after.header[field]), field


def test_the_sidecar_names_the_model_and_how_it_was_applied(
    package: Path, image: Path, tmp_path: Path
) -> None:
    assert predict("-i", image, "-m", package, "-o", tmp_path / "out.nii.gz", "-thr", 0.4) == 0
    (maker,) = json.loads((tmp_path / "out.json").read_text())["GeneratedBy"]
    assert (maker["Name"], maker["Model"], maker["Threshold"]) == ("softcord", "soft_all", 0.4)
    mask = nib.load(tmp_path / "out.nii.gz")
    assert mask.get_data_dtype() == np.uint8
    assert set(np.unique(np.asarray(mask.dataobj))) <= {0, 1}


def test_masks_lie_beside_their_images_by_default(package: Path, image: Path) -> None:
    assert predict("-i", image, "-m", package) == 0
    assert (image.parent / "t2_softseg.nii.gz").exists()
    assert predict("-i", image, "-m", package, "-thr", 0.5, "-qc", image.parent / "qc") == 0
    assert (image.parent / "t2_seg.nii.gz").exists()
    assert (image.parent / "qc" / "t2_seg.png").stat().st_size > 1000


def test_the_same_command_keeps_what_is_there_and_another_refuses_to_replace_it(
    package: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = tmp_path / "out.nii.gz"
    assert predict("-i", image, "-m", package, "-o", output) == 0
    before = output.stat().st_mtime_ns
    assert predict("-i", image, "-m", package, "-o", output) == 0
    assert output.stat().st_mtime_ns == before
    capsys.readouterr()
    assert predict("-i", image, "-m", package, "-o", output, "-thr", 0.5) == 2
    assert "-overwrite" in capsys.readouterr().err
    assert output.stat().st_mtime_ns == before
    assert predict("-i", image, "-m", package, "-o", output, "-thr", 0.5, "-overwrite") == 0
    assert output.stat().st_mtime_ns != before


def test_predict_ends_with_how_to_look_at_the_first_mask_unless_it_is_to_be_quiet(
    package: Path,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    flat, other = save(tmp_path / "flat.nii.gz", np.zeros((18, 20, 9), np.float32)), tmp_path / "t1.nii.gz"
    shutil.copy(image, other)
    arguments = ("-i", flat, image, other, "-m", package, "-o", tmp_path / "masks")
    assert predict(*arguments) == 3  # the first cannot be predicted, so the second is shown
    lines = [line for line in capsys.readouterr().out.splitlines() if "fsleyes" in line]
    assert lines == [f"  fsleyes {image} {tmp_path}/masks/t2_softseg.nii.gz -cm red -a 70 -dr 0 1"]
    predict(*arguments, "-v", 0)
    assert capsys.readouterr().out == ""


def test_an_image_that_changed_is_not_taken_for_done(package: Path, image: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.nii.gz"
    assert predict("-i", image, "-m", package, "-o", output) == 0
    save(image, voxels(19, 20, 9))
    assert predict("-i", image, "-m", package, "-o", output) == 2


def test_a_model_that_was_trained_further_does_not_pass_for_the_one_that_made_the_mask(
    package: Path, image: Path, tmp_path: Path
) -> None:
    model = read_package(package)
    assert predict("-i", image, "-m", write_package(tmp_path / "before", model)) == 0
    with torch.no_grad():
        next(model.net.parameters()).add_(0.1)
    assert predict("-i", image, "-m", write_package(tmp_path / "after", model)) == 2


def test_a_bids_folder_becomes_a_derivatives_dataset_and_goes_on_where_it_stopped(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for person in ("sub-01", "sub-02"):
        folder = tmp_path / "bids" / person / "anat"
        folder.mkdir(parents=True)
        save(folder / f"{person}_T1w.nii.gz")
    assert predict("-path-data", tmp_path / "bids", "-m", package) == 0
    root = tmp_path / "bids/derivatives/softcord-soft_all"
    assert json.loads((root / "dataset_description.json").read_text())["DatasetType"] == "derivative"
    second = root / "sub-02/anat/sub-02_T1w_label-SC_softseg.nii.gz"
    second.unlink()
    capsys.readouterr()
    assert predict("-path-data", tmp_path / "bids", "-m", package) == 0
    assert "1 predicted, 1 were there, 0 failed" in capsys.readouterr().out
    assert second.exists()


def test_the_next_rounds_model_of_the_same_name_leaves_the_masks_of_before_where_they_are(
    package: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "bids/sub-01/anat"
    folder.mkdir(parents=True)
    save(folder / "sub-01_T1w.nii.gz")
    model, root = read_package(package), tmp_path / "bids/derivatives"
    names: list[set[str]] = []
    for number in range(3):
        again = write_package(tmp_path / f"round{number}", model)
        before = {path: path.read_bytes() for path in root.rglob("*.nii.gz")}
        for more in ([], [], ["-overwrite"]):  # the same command again goes on, or replaces its own
            assert predict("-path-data", tmp_path / "bids", "-m", again, *more) == 0
        assert {path: path.read_bytes() for path in before} == before
        names.append({path.name for path in root.iterdir()})
        assert masks_folder(tmp_path / "bids").name in names[-1] - set().union(*names[:-1])
        with torch.no_grad():
            next(model.net.parameters()).add_(0.1)
    assert [len(found) for found in names] == [1, 2, 3]


def test_a_folder_of_one_models_masks_is_not_said_to_be_anothers(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "bids/sub-01/anat"
    folder.mkdir(parents=True)
    save(folder / "sub-01_T1w.nii.gz")
    model = read_package(package)
    with torch.no_grad():
        next(model.net.parameters()).add_(0.1)
    asked = ["-path-data", tmp_path / "bids", "-o", tmp_path / "out", "-m"]
    assert predict(*asked, package) == 0
    described = (tmp_path / "out/dataset_description.json").read_bytes()
    assert predict(*asked, write_package(tmp_path / "other", model)) == 2
    assert "holds masks of another model" in capsys.readouterr().err
    assert (tmp_path / "out/dataset_description.json").read_bytes() == described


def test_one_bad_image_does_not_stop_the_others(
    package: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = save(tmp_path / "flat.nii.gz", np.ones((9, 9, 9), np.float32))
    assert predict("-i", flat, image, "-m", package, "-o", tmp_path / "masks") == 3
    assert (tmp_path / "masks/t2_softseg.nii.gz").exists()
    assert "flat.nii.gz" in capsys.readouterr().err


def huge(path: Path) -> None:
    """A header that promises 10^13 voxels."""
    image = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    nib.save(image, path)
    raw = bytearray(path.read_bytes())
    raw[42:48] = np.array([30000, 30000, 30000], np.int16).tobytes()
    path.write_bytes(raw)


def unoriented(path: Path) -> None:
    """A header whose qform and sform codes are 0."""
    save(path)
    raw = bytearray(path.read_bytes())
    raw[252:256] = bytes(4)
    path.write_bytes(raw)


def impossibly_rotated(path: Path) -> None:
    """A header whose quaternion, the only orientation, is longer than 1."""
    save(path)
    raw = bytearray(path.read_bytes())
    raw[252:256] = np.array([1, 0], np.int16).tobytes()
    raw[256:268] = np.array([0.9, 0.9, 0.9], np.float32).tobytes()
    path.write_bytes(raw)


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda path: None, "does not exist"),
    "text": (lambda path: path.write_text("hello"), "not a readable NIfTI"),
    "truncated": (
        lambda path: (save(path), path.write_bytes(path.read_bytes()[:-900])),
        "damaged or truncated",
    ),
    "4-D": (lambda path: save(path, voxels(8, 8, 8, 3)), "series of 3 volumes"),
    "RGB": (
        lambda path: save(path, np.zeros((8, 8, 8), np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")]))),
        "colours",
    ),
    "zero size": (lambda path: save(path, np.zeros((8, 0, 8), np.float32)), "no voxel"),
    "2-D": (lambda path: save(path, voxels(8, 8)), "3-D"),
    "one slice": (lambda path: save(path, voxels(30, 30, 1)), "single slice"),
    "NaN": (lambda path: save(path, np.where(voxels() > 0.5, np.nan, 1).astype(np.float32)), "NaN"),
    "infinite": (lambda path: save(path, np.where(voxels() > 0.5, np.inf, 1).astype(np.float32)), "infinite"),
    "sheared": (lambda path: save(path, None, np.eye(4) + np.eye(4, k=1) * 0.3), "right angle"),
    "no orientation": (unoriented, "both 0"),
    "tiny voxels": (lambda path: save(path, None, np.diag([0.1, 0.1, 0.1, 1])), "voxels of 0.1"),
    "large voxels": (lambda path: save(path, None, np.diag([25.0, 25, 25, 1])), "voxels of 25"),
    "huge": (huge, "memory"),
    "a folder": (lambda path: path.mkdir(), "is a folder"),
    "an impossible rotation": (impossibly_rotated, "is no rotation"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_cannot_be_predicted_is_said_in_one_line_and_leaves_nothing(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    make, words = BAD[case]
    image, out = tmp_path / "bad.nii", tmp_path / "out"
    make(image)
    assert predict("-i", image, "-m", package, "-o", out / "mask.nii.gz") == 3
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert words in message
    assert "bad.nii" in message
    assert not out.exists() or not list(out.iterdir())


def test_a_constant_image_has_an_empty_mask_and_is_named(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    image = save(tmp_path / "t2.nii.gz", np.full((20, 20, 20), 7, np.float32))
    assert predict("-i", image, "-m", package, "-o", tmp_path / "mask.nii.gz", "-qc", tmp_path / "qc") == 3
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "t2.nii.gz: is constant" in message
    assert not nib.load(tmp_path / "mask.nii.gz").get_fdata().any()


def test_what_a_kept_mask_did_not_show_is_said_again(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    flat = save(tmp_path / "flat.nii.gz", np.full((20, 20, 20), 7, np.float32))
    noise = save(tmp_path / "noise.nii.gz")  # an untrained net finds no tube in it
    said = []
    for _ in range(2):
        assert predict("-i", flat, noise, "-m", package) == 3
        said.append(capsys.readouterr().err)
    assert "flat.nii.gz: is constant" in said[0]
    assert "noise.nii.gz: no cord was found" in said[0]
    assert said[0] == said[1]


def test_a_mask_of_what_only_looks_like_a_cord_is_said_to_be_unsure_each_time(
    package: Path, image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def likely(_: Model, volume: Volume, __: PredictSettings) -> Prediction:
        return Prediction(Volume(np.ones_like(volume.data), volume.affine), "everywhere")

    monkeypatch.setattr("softcord.predict.files.predict_volume", likely)
    for _ in range(2):
        assert predict("-i", image, "-m", package) == 0
        said = capsys.readouterr().err
        assert said.count("\n") == 1
        assert "t2.nii.gz: no cord could be followed" in said
    sidecar = json.loads((image.parent / "t2_softseg.json").read_text())
    assert (sidecar["Quality"], sidecar["CordFound"]) == ("low", True)


def test_a_mask_along_the_cord_has_normal_quality_and_nothing_is_said(
    package: Path, image: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def followed(_: Model, volume: Volume, __: PredictSettings) -> Prediction:
        return Prediction(Volume(np.ones_like(volume.data), volume.affine), "along the cord")

    monkeypatch.setattr("softcord.predict.files.predict_volume", followed)
    assert predict("-i", image, "-m", package) == 0
    assert capsys.readouterr().err == ""
    assert json.loads((image.parent / "t2_softseg.json").read_text())["Quality"] == "normal"


def test_pictures_are_made_of_masks_that_were_kept_too(package: Path, image: Path) -> None:
    assert predict("-i", image, "-m", package) == 0
    picture = image.parent / "qc" / "t2_softseg.png"
    assert predict("-i", image, "-m", package, "-qc", picture.parent) == 0
    assert picture.stat().st_size > 1000
    before = picture.stat().st_mtime_ns
    assert predict("-i", image, "-m", package, "-qc", picture.parent) == 0
    assert picture.stat().st_mtime_ns == before


def test_pictures_of_images_of_one_name_do_not_overwrite_each_other(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        images.append(save(tmp_path / name / "t2.nii.gz"))
    assert predict("-i", *images, "-m", package, "-qc", tmp_path / "qc") == 2
    assert "t2_softseg.png" in capsys.readouterr().err
    assert predict("-i", *images, "-m", package) == 0


@pytest.mark.parametrize("flags", [[], ["-overwrite"]])
def test_the_sidecar_of_the_image_is_never_replaced(
    package: Path, image: Path, capsys: pytest.CaptureFixture[str], flags: list[str]
) -> None:
    sidecar = image.parent / "t2.json"
    sidecar.write_text('{"EchoTime": 0.1}')
    assert predict("-i", image, "-m", package, "-o", image.parent / "t2.nii", *flags) == 2
    assert "t2.json" in capsys.readouterr().err
    assert sidecar.read_text() == '{"EchoTime": 0.1}'
    assert not (image.parent / "t2.nii").exists()


def test_a_sidecar_of_something_else_is_kept_unless_told_otherwise(
    package: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sidecar = image.parent / "mask.json"
    sidecar.write_text('{"Author": "me"}')
    command = ["-i", image, "-m", package, "-o", image.parent / "mask.nii.gz"]
    assert predict(*command) == 2
    assert "mask.json: exists" in capsys.readouterr().err
    assert predict(*command, "-overwrite") == 0
    assert "Author" not in sidecar.read_text()


def test_a_sidecar_that_an_interrupted_command_left_is_no_obstacle(package: Path, image: Path) -> None:
    assert predict("-i", image, "-m", package) == 0
    (image.parent / "t2_softseg.nii.gz").unlink()
    assert predict("-i", image, "-m", package, "-tta") == 0
    assert (image.parent / "t2_softseg.nii.gz").exists()


def test_a_rotated_image_is_predicted(package: Path, tmp_path: Path) -> None:
    turn = np.eye(4)
    turn[:3, :3] = ROTATION
    image = save(tmp_path / "turned.nii.gz", None, turn)
    assert predict("-i", image, "-m", package) == 0


@contextmanager
def full_disk(limit_bytes: int) -> Iterator[None]:
    """Let no file grow beyond a limit, as on a disk without space."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("limit_bytes", [100, 2000])  # not even the sidecar; the sidecar, not the mask
def test_a_full_disk_leaves_nothing_half_written(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], limit_bytes: int
) -> None:
    image = save(tmp_path / "t2.nii.gz", voxels(40, 40, 40))
    out = tmp_path / "out"
    with full_disk(limit_bytes):
        code = predict("-i", image, "-m", package, "-o", out / "mask.nii", "-largest", 0)
    assert code == 1
    assert "cannot be written" in capsys.readouterr().err
    assert not list(out.iterdir())


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_named(
    package: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    assert predict("-i", image, "-m", package, "-o", locked / "mask.nii.gz") == 1
    assert "locked" in capsys.readouterr().err


def test_an_output_below_a_file_is_named(
    package: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    assert predict("-i", image, "-m", package, "-o", tmp_path / "file" / "mask.nii.gz") == 1
    assert "cannot be written" in capsys.readouterr().err


def test_a_damaged_package_is_refused(
    package: Path, image: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = tmp_path / "model"
    shutil.copytree(package, broken)
    with (broken / "weights.safetensors").open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x7f")
    assert predict("-i", image, "-m", broken) == 3
    assert "checksum" in capsys.readouterr().err


WRONG: dict[str, list[str]] = {
    "no image": ["-m", "x"],
    "both kinds": ["-i", "a.nii", "-path-data", "b"],
    "threshold": ["-i", "a.nii", "-thr", "1.5"],
    "largest": ["-i", "a.nii", "-largest", "-1"],
    "threads": ["-i", "a.nii", "-threads", "0"],
    "crop": ["-i", "a.nii", "-crop-size", "64x192"],
    "crop of nothing": ["-i", "a.nii", "-crop-size", "64x0x-1"],
    "unknown word": ["-i", "a.nii", "-treshold", "1"],
    "no such model": ["-i", "a.nii", "-m", "nobody/nowhere"],
    "no store": ["-i", "a.nii", "-m", "models:/x@y"],
    "one file for two": ["-i", "a.nii", "b.nii", "-o", "c.nii", "-m", "PACKAGE"],
    "one file for a dataset": ["-path-data", "a", "-o", "c.nii.gz", "-m", "PACKAGE"],
    "another format": ["-i", "a.nii", "-o", "c.mgz", "-m", "PACKAGE"],
    "same name twice": ["-i", "a/x.nii", "b/x.nii", "-o", "c", "-m", "PACKAGE"],
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_words_are_refused_in_one_line(
    package: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    case: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert predict(*(str(package) if word == "PACKAGE" else word for word in WRONG[case])) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_run_is_named_by_study_and_run(
    package: Path, image: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    outputs = package.parents[2]
    study = package.parents[1].name
    assert predict("-i", image, "-m", f"{study}/run", "-outputs", outputs) == 0
    assert predict("-i", image, "-m", study, "-outputs", outputs) == 0  # its only run


def test_help_comes_within_half_a_second_and_without_torch() -> None:
    command = (
        "import sys; from softcord.app.main import main; main(['predict', '-h']); "
        "sys.exit('torch' in sys.modules or 'monai' in sys.modules)"
    )
    assert_within(
        0.5, lambda: subprocess.run([sys.executable, "-c", command], check=True, capture_output=True)
    )


@pytest.mark.parametrize("limit_bytes", [100, 2000])
def test_a_mask_that_is_to_be_replaced_stays_until_the_new_one_is_whole(
    package: Path, tmp_path: Path, limit_bytes: int, capsys: pytest.CaptureFixture[str]
) -> None:
    image, output = save(tmp_path / "t2.nii.gz", voxels(40, 40, 40)), tmp_path / "out/mask.nii"
    command = ("-i", image, "-m", package, "-o", output, "-largest", 0)
    assert predict(*command) == 0
    before = {path: path.read_bytes() for path in output.parent.iterdir()}
    with full_disk(limit_bytes):
        assert (
            predict("-i", image, "-m", package, "-o", output, "-largest", 0, "-thr", 0.4, "-overwrite") == 1
        )
    assert {path: path.read_bytes() for path in output.parent.iterdir()} == before


def test_an_interruption_between_mask_and_sidecar_leaves_nothing_that_passes_for_a_result(
    package: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.nii.gz"
    command = ("-i", image, "-m", package, "-o", output)
    replace, calls = Path.replace, []

    def stopped(self: Path, target: Path) -> Path:
        if self.name.startswith(".new-"):
            calls.append(target.name)
            if len(calls) == 2:
                raise KeyboardInterrupt
        return replace(self, target)

    for more, there in (((), []), (("-thr", 0.5, "-overwrite"), ["out.json", "out.nii.gz"])):
        with monkeypatch.context() as killed:
            killed.setattr(Path, "replace", stopped)
            calls.clear()
            assert predict(*command, *more) == 130
        assert not list(tmp_path.glob(".new-*"))
        again = [word for word in more if word != "-overwrite"]
        assert predict(*command, *again) == (2 if there else 0)


def test_an_output_that_cannot_be_written_is_found_before_the_net_looks(
    package: Path, image: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("softcord.predict.files.predict_volume", lambda *_: pytest.fail("it looked"))
    assert predict("-i", image, "-m", package, "-o", tmp_path / "file" / "mask.nii.gz") == 1


@pytest.mark.parametrize("shape", [(32, 32, 32), (20, 30, 9), (32, 32, 4), (60, 60, 60), (20, 20, 200)])
def test_small_images_are_predicted_by_a_net_that_halves_five_times(
    shape: tuple[int, int, int], tmp_path: Path
) -> None:
    torch.manual_seed(0)
    arguments = {"features": [2] * 6, "strides": [[1, 1, 1], *[[2, 2, 2]] * 5], "convs_per_stage": 1}
    net = UNet(**arguments)  # type: ignore[arg-type]
    described = NetDescription("softcord.nets.unet.UNet", arguments)
    description = ModelDescription("deep", described, (64, 64, 128), "normrelu")
    package = write_package(tmp_path / "deep", Model(net, description))
    image = save(tmp_path / "small.nii.gz", voxels(*shape))
    for more in ((), ("-crop-size", "64x64x64"), ("-fast",)):
        output = tmp_path / f"out{len(more)}.nii.gz"
        assert predict("-i", image, "-m", package, "-o", output, "-overwrite", *more) == 0
        assert nib.load(output).shape == shape


def test_weights_or_answers_that_are_no_numbers_are_an_error_and_no_empty_mask(
    package: Path,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = read_package(package)
    with torch.no_grad():
        next(model.net.parameters()).view(-1)[0] = float("nan")
    assert predict("-i", image, "-m", write_package(tmp_path / "nan", model)) == 3
    assert "nan: some of its weights are no numbers." in capsys.readouterr().err
    monkeypatch.setattr(UNet, "forward", lambda _self, windows: [windows * float("nan")])
    assert predict("-i", image, "-m", package) == 3
    assert "its net: answered with what is no number." in capsys.readouterr().err
    assert not list(tmp_path.glob("*_softseg*"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"spacing_mm": 1e9}, "spacing_mm: must be between 0.1 and 10"),
        ({"spacing_mm": 1e-9}, "spacing_mm: must be between 0.1 and 10"),
        ({"window_voxels": [1, 1, 1]}, "its windows of (1, 1, 1) voxels are no multiples of (2, 2, 2)"),
        ({"window_voxels": [2, 2, 10**9]}, "window_voxels: must be at most 2048"),
        ({"net": {"in_channels": -1}}, "its net cannot be built"),
        ({"net": {"convs_per_stage": 10**9}}, "wants a net with numbers beyond 4096"),
        ({"net": {"features": [10**9, 4]}}, "wants a net with numbers beyond 4096"),
        ({"net": {"features": [2, 4] * 4000}}, "wants a net with numbers beyond 4096"),
        ({"net": {"kernel": [[[3]]]}}, "its net cannot be built"),
        ({"net": {"nothing": 1}}, "its net cannot be built"),
    ],
)
def test_a_package_that_describes_no_usable_net_is_refused_at_once(
    change: dict[str, object],
    said: str,
    package: Path,
    image: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    shutil.copytree(package, tmp_path / "odd")
    described = json.loads((package / "model.json").read_text())
    arguments = change.pop("net", {})
    assert isinstance(arguments, dict)
    described["net"]["arguments"] |= arguments
    content = json.dumps(described | change)
    (tmp_path / "odd/model.json").write_text(content)
    sums = (package / "sha256.txt").read_text().splitlines()
    digest = hashlib.sha256(content.encode()).hexdigest()
    lines = [f"{digest}  model.json" if line.endswith(" model.json") else line for line in sums]
    (tmp_path / "odd/sha256.txt").write_text("\n".join(lines) + "\n")
    started = time.perf_counter()
    assert predict("-i", image, "-m", tmp_path / "odd") == 3
    assert said in capsys.readouterr().err
    assert time.perf_counter() - started < 20
