"""A package holds a model whole, is checked when it is read, and executes nothing."""

import hashlib
import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from softcord.errors import DataError
from softcord.nets.unet import UNet
from softcord.predict.package import (
    Model,
    ModelDescription,
    NetDescription,
    TrainedOn,
    is_package,
    read_description,
    read_package,
    write_package,
)
from softcord.predict.package_files import CARD, CHECKSUMS, DESCRIPTION, WEIGHTS

ARGUMENTS = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
SEEN = TrainedOn("phantom", "sha256:1", ("T1w", "T2w"), ("sub-01", "sub-02"), ("sub-03",))


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    description = ModelDescription(
        name="soft_all",
        net=NetDescription("softcord.nets.unet.UNet", ARGUMENTS),
        window_voxels=(8, 8, 8),
        activation="clip",
        trained_on=(SEEN,),
        provenance={"run": "soft_all_s1-abc"},
    )
    return Model(UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1), description)


@pytest.fixture
def package(model: Model, tmp_path: Path) -> Path:
    return write_package(tmp_path / "model", model)


def change_description(package: Path, **changes: object) -> None:
    """Change model.json and its checksum, as somebody who wants to mislead would."""
    text = json.dumps({**json.loads((package / DESCRIPTION).read_text()), **changes})
    (package / DESCRIPTION).write_text(text)
    sums = (package / CHECKSUMS).read_text().splitlines()
    kept = [line for line in sums if not line.endswith(DESCRIPTION)]
    digest = hashlib.sha256(text.encode()).hexdigest()
    (package / CHECKSUMS).write_text("\n".join([*kept, f"{digest}  {DESCRIPTION}"]))


def test_what_is_read_is_what_was_written(model: Model, package: Path) -> None:
    read = read_package(package)
    assert read.description == model.description
    image = torch.randn(1, 1, 8, 8, 8)
    assert torch.equal(read.net(image)[0], model.net.eval()(image)[0])


def test_a_model_says_whom_it_has_seen(package: Path) -> None:
    assert read_description(package).trained_on[0].participants == {"sub-01", "sub-02", "sub-03"}


def test_a_card_says_of_drawn_images_alone_only_what_the_model_says(model: Model, tmp_path: Path) -> None:
    drawn = TrainedOn("synthetic", "sha256:2", (), (), ())
    said = {}
    for name, trained_on in {"people": (SEEN,), "drawn": (drawn,), "unknown": ()}.items():
        described = replace(model.description, trained_on=trained_on)
        folder = write_package(tmp_path / name, replace(model, description=described))
        said[name] = "it has seen drawn ones only" in (folder / CARD).read_text()
    assert said == {"people": False, "drawn": True, "unknown": False}


@pytest.mark.parametrize("inside", ["", "soft_all/"])
def test_a_zip_of_a_package_is_a_package(model: Model, package: Path, tmp_path: Path, inside: str) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as archive:
        for path in package.iterdir():
            archive.write(path, f"{inside}{path.name}")
    assert is_package(tmp_path / "model.zip")
    assert read_package(tmp_path / "model.zip").description == model.description


def test_the_checksums_are_those_that_sha256sum_reads(package: Path) -> None:
    done = subprocess.run(["sha256sum", "-c", CHECKSUMS], cwd=package, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_writing_again_replaces_the_whole_package_and_leaves_nothing_else(
    model: Model, package: Path
) -> None:
    (package / "stale").touch()
    write_package(package, model)
    assert [path.name for path in package.parent.iterdir()] == ["model"]
    assert not (package / "stale").exists()


@pytest.mark.parametrize("name", ["model.json", "weights.safetensors", "card.md"])
def test_a_changed_file_is_named(package: Path, name: str) -> None:
    content = bytearray((package / name).read_bytes())
    content[-3] ^= 1
    (package / name).write_bytes(content)
    with pytest.raises(DataError, match=f"{name} does not have the checksum"):
        read_package(package)


def test_a_missing_file_is_named(package: Path) -> None:
    (package / WEIGHTS).unlink()
    with pytest.raises(DataError, match=f"{WEIGHTS} is missing"):
        read_package(package)


def test_a_truncated_zip_is_refused(package: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in package.iterdir():
            archive.write(file, file.name)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(DataError, match="not a readable package"):
        read_package(path)


def test_a_damaged_compressed_zip_is_refused(package: Path, tmp_path: Path) -> None:
    path = tmp_path / "model.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in package.iterdir():
            archive.write(file, file.name)
    content = bytearray(path.read_bytes())
    content[60:110] = bytes(range(150, 200))
    path.write_bytes(content)
    with pytest.raises(DataError, match="not a readable package"):
        read_package(path)


@pytest.mark.parametrize(
    "target",
    [
        "os.system",
        "subprocess.Popen",
        "evil_net.Net",
        "softcord.app.main.main",
        "softcord.netsish.Net",
        "softcord.nets.unet.nn.Linear",
        "softcord.nets.unet.torch",
        "softcord.nets.unet.math.prod",
    ],
)
def test_a_net_of_foreign_code_is_refused_and_not_imported(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str
) -> None:
    (tmp_path / "evil_net.py").write_text("raise SystemExit('imported')")
    monkeypatch.syspath_prepend(tmp_path)
    change_description(package, net={"target": target, "arguments": {}})
    with pytest.raises(DataError):
        read_package(package)
    assert "evil_net" not in sys.modules


def test_a_foreign_net_can_be_allowed_by_its_package(
    model: Model, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = "from softcord.nets.unet import UNet\nclass MyNet(UNet):\n    pass\n"
    (tmp_path / "trusted_net.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    change_description(package, net={"target": "trusted_net.MyNet", "arguments": ARGUMENTS})
    assert type(read_package(package, allowed=("trusted_net",)).net).__name__ == "MyNet"


def test_weights_that_do_not_fit_the_net_are_refused(package: Path) -> None:
    net = {"target": "softcord.nets.unet.UNet", "arguments": {**ARGUMENTS, "features": [3, 4]}}
    change_description(package, net=net)
    with pytest.raises(DataError, match="do not fit"):
        read_package(package)


def test_a_net_too_large_for_memory_takes_none_before_it_is_refused(package: Path) -> None:
    net = {"target": "softcord.nets.unet.UNet", "arguments": {**ARGUMENTS, "features": [4096, 4096]}}
    change_description(package, net=net)
    with pytest.raises(DataError, match="do not fit"):
        read_package(package)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"activation": "exec"},
        {"window_voxels": [8, 8]},
        {"window_voxels": [0, 8, 8]},
        {"spacing_mm": "wide"},
        {"spacing_mm": 0},
        {"rim_mm": -1},
        {"name": "../soft_all"},
    ],
)
def test_a_description_that_cannot_be_applied_is_refused_by_its_key(
    package: Path, change: dict[str, object]
) -> None:
    change_description(package, **change)
    with pytest.raises(DataError, match=rf"{DESCRIPTION}: {next(iter(change))}"):
        read_package(package)


def test_the_card_names_data_and_run(package: Path) -> None:
    card = (package / "card.md").read_text()
    for words in ("soft_all", "phantom", "T1w, T2w", "soft_all_s1-abc", "2 participants to train"):
        assert words in card
