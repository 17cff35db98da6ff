"""No model package, however odd, is more than one line, and nothing in it is run."""

import hashlib
import json
import random
import shutil
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from softcord.app.verbs.predict import main as predict
from softcord.io.nifti import read_volume, write_volume
from softcord.nets.unet import UNet
from softcord.predict.package import Model, ModelDescription, NetDescription, write_package
from tests.hostile.harness import Watch, each, mutated

ARGUMENTS = {"features": [2, 4], "strides": [[1, 1, 1], [2, 2, 2]], "convs_per_stage": 1}
DESCRIPTION = ModelDescription(
    "soft_all", NetDescription("softcord.nets.unet.UNet", ARGUMENTS), (16, 16, 16), "clip"
)
_LIMITS = (4096, 4097, 2048, 2**20, 0.1, 10.0, 1e-9, "torch.nn.Linear", "os.system", "softcord.nets.unet.os")
WEIGHTS = ("whole", "whole", "whole", "cut", "no numbers", "none", "zip", "bomb")


def draw(source: random.Random) -> str:
    """How the package is damaged, in the first line, and its description."""
    content: object = json.loads(json.dumps(asdict(DESCRIPTION)))
    for _ in range(source.randrange(1, 4)):
        content = mutated(content, source)
    if source.random() < 0.4 and isinstance(content, dict):
        where = source.choice(["window_voxels", "narrow_window_voxels", "spacing_mm", "rim_mm", "net"])
        limit = source.choice(_LIMITS)
        if where == "net":
            key = source.choice([*ARGUMENTS, "in_channels", "out_channels", "target"])
            content["net"] = (
                {"target": limit, "arguments": ARGUMENTS}
                if key == "target"
                else {"target": DESCRIPTION.net.target, "arguments": {**ARGUMENTS, key: limit}}
            )
        else:
            content[where] = [limit] * 3 if where.endswith("voxels") else limit
    return f"{source.choice(WEIGHTS)}\n{json.dumps(content)}"


def make(template: Path, package: Path, how: str, description: str) -> Path:
    """Write a package with this description, its checksums as they must be; return what to give to -m."""
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(template, package)
    (package / "model.json").write_text(description)
    weights = package / "weights.safetensors"
    if how == "cut":
        weights.write_bytes(weights.read_bytes()[:-40])
    elif how == "no numbers":
        weights.write_bytes(weights.read_bytes()[:-8] + b"\xff" * 8)
    elif how == "none":
        weights.write_bytes(b"")
    names = ("model.json", "weights.safetensors", "card.md")
    lines = [f"{hashlib.sha256((package / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (package / "sha256.txt").write_text("".join(lines))
    if how not in ("zip", "bomb"):
        return package
    packed = package.with_suffix(".zip")
    packed.unlink(missing_ok=True)
    if how == "bomb":
        shutil.copy(bomb(package.with_name("bomb.zip")), packed)
        weights.unlink()
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as archive:
        for path in package.iterdir():
            archive.write(path, path.name)
    return packed


def bomb(path: Path) -> Path:
    """A zip of three megabytes whose weights take three gigabytes."""
    if not path.exists():
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open("weights.safetensors", "w", force_zip64=True) as stream,
        ):
            for _ in range(300):
                stream.write(bytes(10_000_000))
    return path


def test_predict_refuses_a_package_or_writes_a_whole_mask(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch.beside_somebodys_files(tmp_path, capsys)
    torch.manual_seed(0)
    net = UNet((2, 4), ((1, 1, 1), (2, 2, 2)), convs_per_stage=1)
    template = write_package(Path("template").absolute(), Model(net, DESCRIPTION))
    image = np.random.default_rng(0).random((20, 18, 12), np.float32)
    write_volume(Path("t2.nii.gz"), image, np.diag([-1.0, 1, 2, 1]))

    def attempt(text: str) -> None:
        how, _, description = text.partition("\n")
        given = make(template, Path("package").absolute(), how, description)
        output = Path("out.nii.gz")
        output.unlink(missing_ok=True)
        code = watch.run(
            predict, ["-i", "t2.nii.gz", "-m", str(given), "-o", str(output), "-v", "0"], codes=(0, 3)
        )
        assert output.exists() or code, "no mask, and code 0"
        if output.exists():
            assert read_volume(output).data.shape == image.shape

    each("packages", draw, 60, attempt)
