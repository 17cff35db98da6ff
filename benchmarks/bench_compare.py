"""How long 1,000 runs x 49 participants x 6 contrasts take from measures.csv files to the report.

Bar: 30 s and 2 GB on two cores. ``python benchmarks/bench_compare.py [runs] [methods]``
"""

import resource
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd

CONTRASTS = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
PARTICIPANTS = 49
PER_IMAGE = (
    "csa_mm2",
    "csa_bin_mm2",
    "csa_abs_error_mm2",
    "csa_bin_abs_error_mm2",
    "dice",
    "dice_soft",
    "rve_pct",
    "asd_mm",
)
PER_PARTICIPANT = ("csa_std_mm2", "csa_bin_std_mm2")


def table_of_a_run(
    run: int,
    method: int,
    rng: np.random.Generator,
    participants: int = PARTICIPANTS,
    contrasts: tuple[str, ...] = CONTRASTS,
) -> pd.DataFrame:
    images = [(f"sub-{p:03d}", contrast) for p in range(participants) for contrast in contrasts]
    blocks = [(metric, images) for metric in PER_IMAGE]
    blocks += [(metric, [(f"sub-{p:03d}", "all") for p in range(participants)]) for metric in PER_PARTICIPANT]
    keys = [(metric, *key) for metric, rows in blocks for key in rows]
    table = pd.DataFrame(keys, columns=["metric", "participant_id", "contrast"])
    is_overlap = table["metric"].isin(["dice", "dice_soft", "rve_pct", "asd_mm"])
    values = rng.gamma(4.0, 0.5, len(table)) + 0.01 * (method % 7)
    values = np.where(table["metric"].isin(["csa_mm2", "csa_bin_mm2"]), 73 + values, values)
    constants = {
        "run": f"method_{method:03d}_s{run}", "method": f"method_{method:03d}", "gt": "soft", "loss": "awing",
        "contrasts_trained": " ".join(contrasts), "seed": run, "session_id": "n/a", "unit": "mm2",
    }  # fmt: skip
    return table.assign(level=np.where(is_overlap, "n/a", "2:3"), value=values, **constants)


def main(runs: int = 1000, methods: int = 200) -> None:
    from softcord.measure.table import write_measures
    from softcord.report.study import write_study
    from softcord.stats.load import load_measures

    rng = np.random.default_rng(0)
    with TemporaryDirectory() as folder:
        root = Path(folder)
        paths = [root / f"{i}" / "measures.csv" for i in range(runs)]
        for i, path in enumerate(paths):
            write_measures(path, table_of_a_run(i, i % methods, rng))
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        started = time.perf_counter()
        measures = load_measures(paths)
        loaded = time.perf_counter()
        comparisons = write_study(measures, "bench", root / "out")
        done = time.perf_counter()
        page = (root / "out" / "report.html").stat().st_size
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(f"{runs} runs of {methods} methods, {len(measures):,} rows, {len(comparisons):,} tests")
    print(f"load      {loaded - started:6.1f} s")
    print(f"compare   {done - loaded:6.1f} s (tests, tables, figures, page of {page / 1e6:.1f} MB)")
    print(f"together  {done - started:6.1f} s   (bar: 30 s)")
    print(f"memory    {peak / 1e6:6.2f} GB peak (bar: 2 GB; {before / 1e6:.2f} GB after making the files)")


if __name__ == "__main__":
    main(*(int(word) for word in sys.argv[1:]))
