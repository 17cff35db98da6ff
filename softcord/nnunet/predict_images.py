"""Predict images one by one and time each; nnU-Net's Python runs this file, so it imports no softcord.

usage: python predict_images.py REQUEST.json

The request holds ``model`` (the folder with plans.json), ``device``, ``threads`` and ``images``, pairs of an
image and the mask to write (``.nii.gz``). Each line on standard output that begins with ``{`` is JSON: first
``{"ready": true}`` when the model is loaded, then per image its ``image`` and ``seconds``, from reading the
image file to saving the mask, or its ``error``.
"""

import json
import os
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

    request = json.loads(Path(request_path).read_text(encoding="utf-8"))
    device = torch.device(request["device"])
    torch.set_num_threads(request["threads"])
    predictor = nnUNetPredictor(device=device, allow_tqdm=False)
    predictor.initialize_from_trained_model_folder(request["model"], (0,), "checkpoint_final.pth")
    say({"ready": True})
    for image, mask in request["images"]:
        started = time.perf_counter()
        try:
            predict_one(predictor, image, Path(mask))
        except Exception as error:  # the other images go on
            say({"image": image, "error": f"{type(error).__name__}: {error}"})
        else:
            say({"image": image, "seconds": time.perf_counter() - started})


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
