"""How time and memory grow with participants and runs: 100, 1,000, 10,000 made-up ones.

    TMPDIR=/dev/shm python benchmarks/bench_growth.py [--sizes 100 1000 10000] [--only index]

Without ``--sizes``, what takes long for 10,000 ends at 1,000.

Each measurement is a process of its own, which does the same for ten before, so that what the program takes
to start is not in it. Prints processor time (of its workers, their start in it, too), peak memory and the
exponent of growth between the two largest sizes: 1 is linear, the bar is 1.15.

Of participants: ``index`` and ``check`` of a dataset with 60 files each; ``ground truth`` and ``ingest`` of
two tiny images each; ``cache`` of one volume each, then found again (``cached``). Of runs: ``labels`` names
those of one command, ``resume`` is what the same command given again looks through, ``status`` is `softcord
study status NAME`, ``view`` the start of the live view and one look, ``compare`` one with figures.
"""

import argparse
import io
import math
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from bench_index import make_tree
from made_up import made_settings, make_dataset, make_measures, make_runs, make_volumes

BAR = 1.15
SIZES, FEW = [100, 1000, 10_000], 10


def index(root: Path) -> None:
    from softcord.data.index import index_dataset

    index_dataset(root)


def check(root: Path) -> None:
    from softcord.data.checks.dataset import check_dataset
    from softcord.data.settings import DataSettings

    check_dataset(DataSettings("made-up", root))


def ground_truth(root: Path) -> None:
    from softcord.data.index import index_dataset
    from softcord.gt.dataset import build_dataset
    from softcord.gt.settings import GtSettings

    report = build_dataset(index_dataset(root), root / "out", GtSettings(), ("T1w", "T2w"))
    assert set(report["status"]) == {"built"}


def cache(root: Path) -> None:
    from softcord.data.cache import prepare_all

    images = sorted(path for path in root.glob("*.nii") if "mask" not in path.name)
    pairs = [(image, image.with_name(f"{image.stem}_mask.nii")) for image in images]
    assert all(outcome.value for outcome in prepare_all(pairs, root / "cache", jobs=2))


def ingest(root: Path) -> None:
    from softcord.app.verbs.ingest import main

    os.chdir(root.parent)
    words = ["method=theirs", f"path={root}/derivatives/labels", "pattern={image}_label-SC_seg.nii.gz"]
    words += ["data=bids", f"data.root={root}", "split=all_test", "machine.jobs=2", "study=made-up"]
    assert main(words) == 0


def labels(root: Path) -> None:
    from softcord.sweep.labels import label_all

    label_all(made_settings(int((root / "runs").read_text())))


def resume(root: Path) -> None:
    from softcord.sweep.ledger import read_study

    read_study(root)


def status(root: Path) -> None:
    from softcord.app.verbs.study import main

    with redirect_stdout(io.StringIO()) as said:
        assert main(["status", root.name, "--outputs", str(root.parent)]) == 0
    assert "complete" in said.getvalue()


def view(root: Path) -> None:
    from rich.console import Console

    from softcord.app.sweeps.live_view import Progress, drawing
    from softcord.sweep.ledger import read_study

    names = {"study": root.name, "study_dir": root}
    plans: Any = [SimpleNamespace(**names, config_hash=run.config_hash) for run in read_study(root)]
    progress = Progress(plans)
    progress.look()
    Console(file=io.StringIO()).print(drawing(progress))


def compare(root: Path) -> None:
    from softcord.report.study import write_study
    from softcord.stats.load import load_measures

    write_study(load_measures(sorted(root.glob("*/measures.csv"))), "made-up", root / "out")


def write_number(root: Path, number: int) -> None:
    (root / "runs").write_text(str(number))


@dataclass(frozen=True)
class Work:
    """How what is worked on is made, the work, what is done once before it, unmeasured, and how it grows."""

    make: Callable[[Path, int], None]
    do: Callable[[Path], None]
    before: Callable[[Path], None] | None = None
    is_long: bool = False


WORK = {
    "index": Work(make_tree, index),
    "check": Work(make_tree, check),
    "ground truth": Work(make_dataset, ground_truth, is_long=True),
    "cache": Work(make_volumes, cache),
    "cached": Work(make_volumes, cache, before=cache),
    "ingest": Work(make_dataset, ingest, is_long=True),
    "labels": Work(write_number, labels),
    "resume": Work(make_runs, resume),
    "status": Work(make_runs, status),
    "view": Work(make_runs, view),
    "compare": Work(make_measures, compare, is_long=True),
}


def child(name: str, few: Path, root: Path) -> None:
    """Do the work for few, then for all; print seconds of processor time of the second and MB at the peak."""
    WORK[name].do(few)
    before = spent_s()
    WORK[name].do(root)
    took_s = spent_s() - before
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e3
    print(took_s, max(peak_mb(), workers if os.times().children_user else 0))


def spent_s() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def peak_mb() -> float:
    """This program's own; what ``getrusage`` says on Linux may be that of the one that started it."""
    said = Path("/proc/self/status")
    if not said.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    (line,) = [line for line in said.read_text().splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1e3


def measured(name: str, few: Path, root: Path) -> tuple[float, float]:
    command = [sys.executable, __file__, "--child", name, str(few), str(root)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    took_s, peak = done.stdout.split()[-2:]
    return float(took_s), float(peak)


def bench(name: str, sizes: list[int]) -> None:
    found: list[tuple[float, float]] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            few, root = (Path(folder) / part / "made-up" for part in ("few", "all"))
            for place, number in ((few, FEW), (root, size)):
                place.mkdir(parents=True)
                WORK[name].make(place, number)
            before = WORK[name].before
            if before:
                before(root)
            found.append(measured(name, few, root))
        print(f"  {name:12s} {size:7d}  {found[-1][0]:8.2f} s  {found[-1][1]:8.0f} MB", flush=True)
    if len(sizes) > 1:
        growth = math.log(found[-1][0] / found[-2][0]) / math.log(sizes[-1] / sizes[-2])
        verdict = "within the bar" if growth <= BAR else "ABOVE THE BAR"
        print(f"  {name:12s} grows with the power {growth:.2f} ({verdict} of {BAR})", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--only", choices=WORK, action="append")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, few, root = options.child
        child(name, Path(few), Path(root))
        return
    for name in options.only or WORK:
        bench(name, options.sizes or (SIZES[:2] if WORK[name].is_long else SIZES))


if __name__ == "__main__":
    main()
