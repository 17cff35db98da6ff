"""How long until the command line answers?

    python benchmarks/bench_start.py [--repeats 5]

Prints the median wall time of questions that run nothing, each in a fresh process.
"""

import argparse
import statistics
import subprocess
import sys
import time

QUESTIONS = {
    "python -m softcord.train --help": ["softcord.train", "--help"],
    "python -m softcord.train --cfg job": ["softcord.train", "--cfg", "job"],
    "python -m softcord.measure -h": ["softcord.measure", "-h"],
    "python -m softcord.train loss.omgea=4 (refused)": ["softcord.train", "loss.omgea=4"],
}


def seconds(arguments: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-m", *arguments], capture_output=True, check=False)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=5)
    repeats = parser.parse_args().repeats
    for name, arguments in QUESTIONS.items():
        seconds(arguments)  # fills the file cache
        print(f"{name:50s} {statistics.median(seconds(arguments) for _ in range(repeats)):6.2f} s")


if __name__ == "__main__":
    main()
