"""How long until the command line answers, and until the built-in model has written a mask?

    python benchmarks/bench_start.py [--repeats 5] [--images 50] [--threads 2]

Prints the median wall and processor time of questions that run nothing, each in a fresh process, then of
`softcord predict` from the start of its process to the written mask: a stack of thick slices (MT-on), a T2w
of 64 x 320 x 320, and ``--images`` copies of each in one command, by image.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from softcord.io.nifti import write_volume
from softcord.phantom.participant import draw_participant, image_participant
from softcord.phantom.settings import PhantomSettings, ScanSettings

QUESTIONS = {
    "python -m softcord.train --help": ["softcord.train", "--help"],
    "python -m softcord.train --cfg job": ["softcord.train", "--cfg", "job"],
    "python -m softcord.measure -h": ["softcord.measure", "-h"],
    "python -m softcord.train loss.omgea=4 (refused)": ["softcord.train", "loss.omgea=4"],
}
SCANS = {
    "MTon": ScanSettings((192, 192, 22), (0.9, 0.9, 5.0), (5.0, -22.0), noise=0.06),
    "T2w": ScanSettings((64, 320, 320), (0.8, 0.8, 0.8), (10.0, -25.0), noise=0.06),
}


def seconds(arguments: list[str]) -> tuple[float, float]:
    """Return how long a command takes by the clock and of the processor."""
    before, started = os.times(), time.perf_counter()
    subprocess.run([sys.executable, "-m", *arguments], capture_output=True, check=False)
    clock_s, after = time.perf_counter() - started, os.times()
    spent_s = after.children_user + after.children_system - before.children_user - before.children_system
    return clock_s, spent_s


def bench(name: str, arguments: list[str], repeats: int, images: int = 1) -> None:
    seconds(arguments)  # fills the file cache, and that of what is fastest here
    clock_s, spent_s = zip(*(seconds(arguments) for _ in range(repeats)), strict=True)
    clock, spent = (statistics.median(each) / images for each in (clock_s, spent_s))
    print(f"{name:50s} {clock:6.2f} s by the clock {spent:6.2f} s of processor time", flush=True)


def bench_predict(folder: Path, options: argparse.Namespace) -> None:
    phantom = PhantomSettings(scans=SCANS)
    words = ["softcord", "predict", "-overwrite", "-threads", str(options.threads)]
    for contrast, scan in SCANS.items():
        drawn = image_participant(phantom, draw_participant(phantom, 1), contrast)
        images = [folder / f"sub-{n:02}_{contrast}.nii.gz" for n in range(options.images)]
        write_volume(images[0], drawn.image, drawn.scan.affine_rpi)
        for copy in images[1:]:
            os.link(images[0], copy)
        name = f"softcord predict, {contrast} {'x'.join(map(str, scan.matrix))}"
        out = ["-o", str(folder / "masks"), "-i"]
        bench(f"{name}, alone", [*words, *out, str(images[0])], options.repeats)
        if len(images) > 1:
            every = [*words, *out, *map(str, images)]
            bench(f"{name}, each of {len(images)}", every, 1, len(images))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--images", type=int, default=50)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--only-predict", action="store_true")
    options = parser.parse_args()
    for name, arguments in () if options.only_predict else QUESTIONS.items():
        bench(name, arguments, options.repeats)
    with tempfile.TemporaryDirectory() as folder:
        bench_predict(Path(folder), options)


if __name__ == "__main__":
    main()
