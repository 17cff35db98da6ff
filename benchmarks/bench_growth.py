"""How time and memory grow with participants and runs: 100, 1,000, 10,000 made-up ones.

    TMPDIR=/dev/shm python benchmarks/bench_growth.py [--sizes 100 1000 10000] [--only index]

Each measurement is a process of its own. Prints processor time, peak memory and the exponent of growth
between the two largest sizes: 1 is linear, the bar is 1.15. ``index`` and ``check`` are of a dataset of that
many participants, ``status`` and ``resume`` of a study of that many runs: what ``softcord study status``
says, and what the same command given again would look through.
"""

import argparse
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench_index import make_tree

from softcord.data.checks.dataset import check_dataset
from softcord.data.index import index_dataset
from softcord.data.settings import DataSettings
from softcord.sweep.commands import read_entries, record_command
from softcord.sweep.ledger import Run, read_study, record

BAR = 1.15


def make_runs(study: Path, runs: int) -> None:
    made = [
        Run(f"soft_all_s{seed}-{seed:06x}", study.name, "soft_all", seed, f"{seed:06x}", f"{seed:064x}", ())
        for seed in range(runs)
    ]
    for run in made:
        record(study / run.name, run, "complete")
    record_command(study, ["-m", f"seed=range({runs})"], made)


WORK: dict[str, tuple[Callable[[Path, int], None], Callable[[Path], object]]] = {
    "index": (make_tree, index_dataset),
    "check": (make_tree, lambda root: check_dataset(DataSettings("made-up", root))),
    "status": (make_runs, read_entries),
    "resume": (make_runs, read_study),
}


def child(name: str, root: Path) -> None:
    """Do the work once; print seconds of processor time and MB at the peak."""
    started = time.process_time()
    WORK[name][1](root)
    seconds = time.process_time() - started
    print(seconds, peak_mb())


def peak_mb() -> float:
    """This program's own; what ``getrusage`` says on Linux may be that of the one that started it."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    (line,) = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1e3


def measured(name: str, root: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--child", name, str(root)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(said[-2]), float(said[-1])


def bench(name: str, sizes: list[int]) -> None:
    found: list[tuple[float, float]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder) / "made-up"
            root.mkdir()
            WORK[name][0](root, size)
            found.append(measured(name, root))
        print(f"  {name:8s} {size:7d}  {found[-1][0]:8.2f} s  {found[-1][1]:8.0f} MB", flush=True)
    if len(sizes) > 1:
        growth = math.log(found[-1][0] / found[-2][0]) / math.log(sizes[-1] / sizes[-2])
        verdict = "within the bar" if growth <= BAR else "ABOVE THE BAR"
        print(f"  {name:8s} grows with the power {growth:.2f} ({verdict} of {BAR})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1000, 10_000])
    parser.add_argument("--only", choices=WORK, action="append")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        child(options.child[0], Path(options.child[1]))
        return
    for name in options.only or WORK:
        bench(name, options.sizes)


if __name__ == "__main__":
    main()
