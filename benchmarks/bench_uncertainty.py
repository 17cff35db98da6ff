"""What does it cost to know how sure a mask is? Processor time of a prediction with that and without.

    python benchmarks/bench_uncertainty.py [--rounds 3]

Phantom images of the public dataset's sizes and of a cropped neck, by the built-in model, from file to file:
image read, mask and sidecar written; with uncertainty also its map and the quality score. One thread, turns
taken, the median of the rounds; the bar is four predictions.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import torch

from softcord.io.nifti import write_volume
from softcord.phantom.participant import draw_participant, image_participant
from softcord.phantom.settings import PhantomSettings, ScanSettings
from softcord.predict.built_in import BUILT_IN
from softcord.predict.files import Task, predict_file
from softcord.predict.package import read_package
from softcord.predict.volume import PredictSettings

SCANS = {
    "MTon": ScanSettings((192, 192, 22), (0.9, 0.9, 5.0), (5.0, -22.0), noise=0.06),
    "T2w": ScanSettings((64, 320, 320), (0.8, 0.8, 0.8), (10.0, -25.0), noise=0.06),
    "T1w": ScanSettings((48, 64, 88), (1.0, 1.0, 1.0), (4.0, -10.0), noise=0.07),
}


def seconds(image: Path, mask: Path, *, how_sure: bool) -> float:
    """Return the processor time of one prediction."""
    settings = PredictSettings(only_a_cord=True)
    task = Task(read_package(BUILT_IN), {}, settings, overwrite=True, how_sure=how_sure)
    started = time.process_time()
    predict_file(image, mask, task)
    return time.process_time() - started


def main() -> None:
    """Run the benchmark."""
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("--rounds", type=int, default=3)
    rounds = words.parse_args().rounds
    torch.set_num_threads(1)
    phantom = PhantomSettings(scans=SCANS)
    print(f"{'image':<16}{'plain (s)':>10}{'with (s)':>10}{'times':>8}")
    with tempfile.TemporaryDirectory() as place:
        for contrast, scan in SCANS.items():
            drawn = image_participant(phantom, draw_participant(phantom, 1), contrast)
            image = Path(place) / f"{contrast}.nii.gz"
            write_volume(image, drawn.image, drawn.scan.affine_rpi)
            mask = Path(place) / f"{contrast}_softseg.nii.gz"
            times = [[seconds(image, mask, how_sure=sure) for sure in (False, True)] for _ in range(rounds)]
            plain, sure = (statistics.median(column) for column in zip(*times, strict=True))
            name = "x".join(map(str, scan.matrix))
            print(f"{name:<16}{plain:10.2f}{sure:10.2f}{sure / plain:8.2f}", flush=True)


if __name__ == "__main__":
    main()
