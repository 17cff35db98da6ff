"""Predict images one by one and time each; nnU-Net's Python runs this file, so it imports no softcord.

usage: python predict_images.py REQUEST.json

The request holds ``model`` (the folder with plans.json), ``device``, ``threads`` and ``images``, pairs of an
image and the mask to write (``.nii.gz``). Each line on standard output that begins with ``{`` is JSON: first
``{"ready": true}`` when the model is loaded, then per image its ``image`` and ``seconds``, from reading the
image file to saving the mask, or its ``error``.
"""

import json
import os
import pickle
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any


def main(request_path: str) -> None:
    """Predict what the request asks for."""
    import torch  # of nnU-Net's own environment

    # only in nnU-Net's own environment
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    load_weights_only(torch)
    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    device = torch.device(request["device"])
    torch.set_num_threads(request["threads"])
    predictor = nnUNetPredictor(device=device, allow_tqdm=False)
    try:
        predictor.initialize_from_trained_model_folder(request["model"], (0,), "checkpoint_final.pth")
    except pickle.UnpicklingError:
        sys.exit(f"{request['model']}: the checkpoint holds more than weights, and was not loaded")
    say({"ready": True})
    for image, mask in request["images"]:
        started = time.perf_counter()
        try:
            predict_one(predictor, image, Path(mask))
        except Exception as error:  # the other images go on
            say({"image": image, "error": f"{type(error).__name__}: {error}"})
        else:
            say({"image": image, "seconds": time.perf_counter() - started})


def load_weights_only(torch: Any) -> None:
    """Let torch build nothing but numbers from a file: nnU-Net would run whatever a checkpoint says."""
    import numpy as np

    array = np.arange(1.0)
    scalar = array[0].__reduce__()[0]
    kinds = [type(np.dtype(name)) for name in ("float64", "float32", "int64", "int32", "bool")]
    torch.serialization.add_safe_globals([np.dtype, scalar, *kinds, array.__reduce__()[0], np.ndarray])
    load = torch.load

    def load_weights(*arguments: Any, **more: Any) -> Any:
        return load(*arguments, **{**more, "weights_only": True})

    torch.load = load_weights


def predict_one(predictor: Any, image: str, mask: Path) -> None:
    """Predict one image; its mask appears whole or not at all."""
    with TemporaryDirectory(dir=mask.parent, prefix=".") as folder:
        predictor.predict_from_files_sequential([[image]], [f"{folder}/mask"])
        os.replace(f"{folder}/mask.nii.gz", mask)


def say(what: dict[str, object]) -> None:
    """Print one line of JSON."""
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
