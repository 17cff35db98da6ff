"""What `softcord drift` takes besides its predictions: `python benchmarks/bench_drift.py [--largest]`.

Writes 50 images of the public dataset's sizes with disc labels to a temporary folder, puts masks of both
models into the gate's cache as if they had been predicted, and runs the command. `--largest`: 50 T1w images.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from bench_measure import SIZES, cpu_s, disc_labels, soft_cord

from softcord.app.models.find import find_model
from softcord.contrasts import CONTRASTS
from softcord.data.filehash import checksum
from softcord.drift.masks import contender
from softcord.io.nifti import write_volume
from softcord.predict.volume import PredictSettings

IMAGES = 50
OLD, NEW = "synthetic-v1", "synthetic-v2"


def write_images(root: Path, contrasts: Sequence[str]) -> None:
    """Write IMAGES images that differ, and their masks; the new model's are fainter at the rim."""
    rng = np.random.default_rng(1)
    settings = PredictSettings(only_a_cord=True)
    models = [contender(name, find_model(name, root, root), settings) for name in (OLD, NEW)]
    for number in range(IMAGES):
        name, who = contrasts[number % len(contrasts)], f"sub-{number // len(contrasts):02}"
        cord, contrast = soft_cord(*SIZES[name]), CONTRASTS[name]
        stem = f"{who}/{contrast.datatype}/{who}_{contrast.stem}"
        image = root / f"bids/{stem}.nii.gz"
        noise = rng.integers(0, 16, cord.data.shape)
        write_volume(image, (100 * cord.data + noise).astype(np.int16), cord.affine)
        labels = root / f"bids/derivatives/labels/{stem}_label-discs_dlabel.nii.gz"
        write_volume(labels, disc_labels(cord), cord.affine)
        fainter = np.clip(1.02 * cord.data - 0.02 * rng.random(), 0, 1).astype(np.float32)
        for model, softseg in zip(models, (cord.data, fainter), strict=True):
            write_volume(root / f"cache/{model.key}/{checksum(image)[:32]}.nii.gz", softseg, cord.affine)


def main() -> None:
    """Time the command, as a process of its own."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--largest", action="store_true", help="50 T1w images instead of all contrasts")
    contrasts = ["T1w"] if words.parse_args().largest else list(SIZES)
    root = Path(tempfile.mkdtemp())
    try:
        write_images(root, contrasts)
        command = [sys.executable, "-m", "softcord", "drift", NEW, "--against", OLD]
        command += ["--data", "bids", "--cache", "cache", "-o", "out", "-threads", "1", "-v", "0"]
        started, cpu = time.perf_counter(), cpu_s()
        done = subprocess.run(command, cwd=root, check=False)
        took_s, cpu_took_s = time.perf_counter() - started, cpu_s() - cpu
        print(f"{IMAGES} images of {', '.join(contrasts)}, masks in the cache, exit code {done.returncode}:")
        print(f"{took_s:.1f} s, {cpu_took_s:.1f} s of processor time (bar 20)")
    finally:
        shutil.rmtree(root)


if __name__ == "__main__":
    main()
