"""An exported model gives what the model gives."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from softcord.app.verbs.export import main
from softcord.errors import RunError
from softcord.io.nifti import Volume, write_volume
from softcord.nets.unet import UNet
from softcord.predict import export
from softcord.predict.export import export_bundle, export_onnx, export_zip
from softcord.predict.package import Model, ModelDescription, NetDescription, read_package, write_package

ARGUMENTS = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}


@pytest.fixture
def model() -> Model:
    torch.manual_seed(0)
    description = ModelDescription(
        "soft_all", NetDescription("softcord.nets.unet.UNet", ARGUMENTS), (16, 16, 16), "sigmoid"
    )
    return Model(UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1).eval(), description)


def test_a_zip_is_a_package(model: Model, tmp_path: Path) -> None:
    path = export_zip(tmp_path / "soft_all.zip", model)
    assert read_package(path).description == model.description
    assert list(tmp_path.iterdir()) == [path]


def test_a_package_of_half_the_size_has_the_same_weights_but_for_rounding(
    model: Model, tmp_path: Path
) -> None:
    whole = write_package(tmp_path / "whole", model)
    (tmp_path / "found.md").write_text("## Tested\n\nDice 0.9")
    words = [
        "-half",
        "-name",
        "neck-v1",
        "-remarks",
        str(tmp_path / "found.md"),
        "-o",
        str(tmp_path / "half"),
    ]
    assert main(["-m", str(whole), *words]) == 0
    small = read_package(tmp_path / "half")
    assert (tmp_path / "half" / "weights.safetensors").stat().st_size < 0.8 * (
        whole / "weights.safetensors"
    ).stat().st_size
    assert small.description.name == "neck-v1"
    assert "## Tested" in (tmp_path / "half" / "card.md").read_text()
    for name, weights in model.net.state_dict().items():
        assert small.net.state_dict()[name].dtype == torch.float32
        assert torch.allclose(small.net.state_dict()[name], weights, rtol=1e-3, atol=1e-6)


def test_onnx_gives_what_torch_gives_for_any_window_and_says_how_to_apply_it(
    model: Model, tmp_path: Path
) -> None:
    import onnxruntime

    path = tmp_path / "net.onnx"
    assert export_onnx(path, model) < 1e-3
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    window = torch.randn(1, 1, 24, 16, 32)
    (found,) = session.run(None, {"image": window.numpy()})
    with torch.inference_mode():
        assert np.allclose(found, model.net(window)[0].numpy(), atol=1e-3)
    described = json.loads(session.get_modelmeta().custom_metadata_map["softcord"])
    assert described["activation"] == "sigmoid"


def test_onnx_that_differs_from_torch_is_not_written(
    model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export, "_difference", lambda *_: 0.1)
    with pytest.raises(RunError, match="differ from torch"):
        export_onnx(tmp_path / "net.onnx", model)
    assert not list(tmp_path.iterdir())


def test_monai_reads_the_bundle_and_gets_the_same_mask(model: Model, tmp_path: Path) -> None:
    from monai.bundle import ConfigParser

    folder = export_bundle(tmp_path / "bundle", model)
    rng = np.random.default_rng(0)
    image = Volume(rng.random((16, 16, 16), dtype=np.float32), np.diag([-1.0, 1, 1, 1]))
    write_volume(tmp_path / "image.nii.gz", image.data, image.affine)
    parser = ConfigParser()
    parser.read_config(str(folder / "configs/inference.json"))
    parser.read_meta(str(folder / "configs/metadata.json"))
    parser["bundle_root"], parser["image"] = str(folder), str(tmp_path / "image.nii.gz")
    *_, found = parser.get_parsed_content("run")
    standardised = torch.from_numpy((image.data - image.data.mean()) / image.data.std())
    with torch.inference_mode():
        expected = model.net(standardised[None, None])[0].sigmoid()
    assert torch.allclose(torch.as_tensor(found), expected, atol=1e-3)


@pytest.mark.parametrize(("form", "name"), [("package", "m.zip"), ("onnx", "m.onnx"), ("monai", "bundle")])
def test_the_command_writes_each_form_once(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str, name: str
) -> None:
    package = write_package(tmp_path / "model", model)
    command = ["-m", str(package), "-format", form, "-o", str(tmp_path / name)]
    assert main(command) == 0
    assert (tmp_path / name).exists()
    assert main(command) == 2
    assert "exists" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["thesis", "thesis.zip", "notes"])
def test_overwriting_never_takes_what_is_no_exported_model(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    package = write_package(tmp_path / "model", model)
    for folder in ("thesis", "thesis.zip"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "chapter.txt").write_text("years of work")
        write_package(tmp_path / folder / "model", model)
    (tmp_path / "notes").write_text("years of work")
    before = sorted(tmp_path.rglob("*"))
    assert main(["-m", str(package), "-o", str(tmp_path / name), "-overwrite"]) == 2
    assert "no exported model" in capsys.readouterr().err
    assert sorted(tmp_path.rglob("*")) == before


def test_a_package_is_overwritten_if_asked(model: Model, tmp_path: Path) -> None:
    package = write_package(tmp_path / "model", model)
    for output in ("other", "other.zip"):
        command = ["-m", str(package), "-o", str(tmp_path / output)]
        assert main(command) == 0
        assert main([*command, "-name", "renamed", "-overwrite"]) == 0
        assert read_package(tmp_path / output).description.name == "renamed"


@pytest.mark.parametrize("name", ["model", "m.zip", "m.onnx"])
def test_what_cannot_be_written_is_said_in_one_line(
    model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    package = write_package(tmp_path / "model", model)
    (tmp_path / "file").touch()
    form = "onnx" if name.endswith(".onnx") else "package"
    assert main(["-m", str(package), "-format", form, "-o", str(tmp_path / "file" / name)]) == 1
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "cannot be written" in message


def test_a_name_that_names_no_folder_is_refused(model: Model, tmp_path: Path) -> None:
    package = write_package(tmp_path / "model", model)
    assert main(["-m", str(package), "-o", str(tmp_path / "out"), "-name", "../neck"]) == 2
    assert not (tmp_path / "out").exists()


def test_a_name_that_does_not_fit_the_form_is_refused(tmp_path: Path) -> None:
    assert main(["-m", "x", "-format", "onnx", "-o", str(tmp_path / "m.zip")]) == 2
