"""Give a model away: as one file, as ONNX (checked against torch), as a MONAI bundle."""

import json
import shutil
import warnings
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from softcord.errors import RunError
from softcord.io.files import replacing, replacing_folder, write_json, write_text
from softcord.nets.monai_net import MonaiNet
from softcord.predict.package import Model, write_package

# How far ONNX Runtime's raw output may lie from torch's, of values around 0 to 1.
TOLERANCE = 1e-3


def export_zip(path: Path, model: Model, *, half: bool = False) -> Path:
    """Write a package as one file, which `softcord predict -m` reads as it reads the folder."""
    with TemporaryDirectory() as folder, replacing(path) as archive:
        package = write_package(Path(folder) / path.stem, model, half=half)
        with zipfile.ZipFile(archive, "w") as whole:  # weights do not compress
            for file in sorted(package.iterdir()):
                whole.write(file, f"{path.stem}/{file.name}")
    return path


def export_onnx(path: Path, model: Model) -> float:
    """Write the net as ONNX with free batch and window sizes; return how far its output is from torch's.

    Input ``image``, float32 (batch, 1, R-L, A-P, S-I), each window standardised; output ``raw``, before the
    activation. The description goes along as the metadata ``softcord``.

    Raises:
        RunError: ONNX Runtime gives something else than torch, by more than 0.001; nothing is written. Or the
            packages of the extra ``export`` are missing.
    """
    missing = [name for name in ("onnx", "onnxruntime") if find_spec(name) is None]
    if missing:
        raise RunError(
            "ONNX", f"needs {' and '.join(missing)}", "Install them: pip install 'softcord[export]'"
        )
    net = _FirstOutput(model.net).eval()
    example = torch.randn(1, 1, *model.description.window_voxels, generator=torch.Generator().manual_seed(0))
    path.parent.mkdir(parents=True, exist_ok=True)
    free = {0: "batch", 2: "right_left", 3: "anterior_posterior", 4: "superior_inferior"}
    with TemporaryDirectory(dir=path.parent, prefix=".export") as folder:
        written = Path(folder) / path.name
        with warnings.catch_warnings():
            # It warns of every check of shapes that it does not record; the outputs are compared below.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                net,
                (example,),
                written,
                input_names=["image"],
                output_names=["raw"],
                dynamic_axes={"image": free, "raw": free},
                opset_version=17,
                dynamo=False,  # the other exporter needs a package more
            )
        _describe_onnx(written, asdict(model.description))
        difference = max(_difference(written, net, window) for window in (example, _other_window(model)))
        if not difference <= TOLERANCE:
            what = (
                f"gives outputs that differ from torch's by {difference:.2g} (at most {TOLERANCE:g} allowed)"
            )
            raise RunError(path, what, "Report this with the versions of torch and onnxruntime")
        written.replace(path)
    return difference


def export_bundle(folder: Path, model: Model) -> Path:
    """Write a MONAI bundle: weights, network definition, preprocessing and inference as MONAI reads them.

    Raises:
        RunError: the folder is there and is not empty.
    """
    if folder.exists() and any(folder.iterdir()):
        raise RunError(folder, "exists and is not empty", "Name another folder")
    with replacing_folder(folder) as bundle:
        package = write_package(bundle / "docs" / "package", model)
        shutil.copy(package / "card.md", bundle / "docs" / "README.md")
        shutil.rmtree(package)
        (bundle / "models").mkdir()
        torch.save(_network_of(model).state_dict(), bundle / "models" / "model.pt")
        write_json(bundle / "configs" / "metadata.json", _bundle_metadata(model))
        write_json(bundle / "configs" / "inference.json", _bundle_inference(model))
        write_text(bundle / "LICENSE", "See docs/README.md.\n")
    return folder


class _FirstOutput(nn.Module):
    """A net's finest output alone."""

    def __init__(self, net: nn.Module) -> None:
        super().__init__()
        self.net = net

    def forward(self, image: Tensor) -> Tensor:
        finest: Tensor = self.net(image)[0]
        return finest


def _other_window(model: Model) -> Tensor:
    """Another batch and window size, to see that both are free."""
    sides = getattr(model.net, "required_multiple", model.description.window_voxels)
    # Twice what the net halves: instance norm needs more than one voxel in the coarsest stage.
    generator = torch.Generator().manual_seed(1)
    return torch.randn(2, 1, *(2 * side for side in sides), generator=generator)


def _difference(path: Path, net: nn.Module, window: Tensor) -> float:
    import onnxruntime  # an extra: not everybody has it

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"image": window.numpy()})
    with torch.inference_mode():
        expected = net(window).numpy()
    return float(np.abs(found - expected).max())


def _describe_onnx(path: Path, description: Mapping[str, Any]) -> None:
    import onnx  # an extra: not everybody has it

    model = onnx.load(path)
    onnx.helper.set_model_props(model, {"softcord": json.dumps(description)})
    onnx.save(model, path)


def _network_of(model: Model) -> nn.Module:
    """Return the net as its class builds it: a network of MONAI's without what softcord puts around it."""
    return model.net.net if isinstance(model.net, MonaiNet) else model.net


def _bundle_metadata(model: Model) -> dict[str, Any]:
    description = model.description
    window = list(description.window_voxels)
    channel = {"type": "image", "num_channels": 1, "spatial_shape": window, "dtype": "float32"}
    return {
        "version": "1.0.0",
        "monai_version": "1.5.2",
        "pytorch_version": torch.__version__.split("+")[0],
        "required_packages_version": {"softcord": description.provenance.get("softcord", "")},
        "name": description.name,
        "task": "Soft segmentation of the spinal cord in MRI",
        "description": f"{description.name}, learnt from {description.gt} masks with loss {description.loss}",
        "softcord": asdict(description),
        "network_data_format": {
            "inputs": {"image": {**channel, "format": "magnitude", "modality": "MR"}},
            "outputs": {"pred": {**channel, "format": "segmentation", "value_range": [0, 1]}},
        },
    }


def _bundle_inference(model: Model) -> dict[str, Any]:
    description = model.description
    spacing = [description.spacing_mm] * 3
    finest = "" if isinstance(model.net, MonaiNet) else "[0]"
    return {
        "imports": ["$import torch", "$from softcord.nets.activation import activate"],
        "bundle_root": ".",
        "image": "image.nii.gz",
        "network_def": {"_target_": description.net.target, **description.net.arguments},
        "network": "$@network_def.eval()",
        "weights": "$torch.load(@bundle_root + '/models/model.pt', map_location='cpu', weights_only=True)",
        "preprocessing": {
            "_target_": "Compose",
            "transforms": [
                {"_target_": "LoadImaged", "keys": "image"},
                {"_target_": "EnsureChannelFirstd", "keys": "image"},
                {"_target_": "Orientationd", "keys": "image", "axcodes": "LAS"},
                {"_target_": "Spacingd", "keys": "image", "pixdim": spacing, "mode": "bilinear"},
                {"_target_": "NormalizeIntensityd", "keys": "image"},
            ],
        },
        "inferer": {
            "_target_": "SlidingWindowInferer",
            "roi_size": list(description.window_voxels),
            "overlap": 0.25,
            "mode": "gaussian",
        },
        "run": [
            "$@network.load_state_dict(@weights)",
            "$activate(@inferer(@preprocessing({'image': @image})['image'][None], "
            f"lambda x: @network(x){finest}), "
            f"'{description.activation}')",
        ],
    }
