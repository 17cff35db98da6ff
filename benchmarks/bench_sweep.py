"""What does the framework add to a study?

    python benchmarks/bench_sweep.py [--runs 200] [--tries 20]

Prints how long a finished study takes to be recognised, what a run costs besides training, and whether
processes that use the store at the same moment lose anything.
"""

import argparse
import io
import multiprocessing
import os
import sys
import tempfile
import time
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

WRITERS, BATCHES, METRICS = 8, 100, 20
TINY = (
    *("phantom=tiny", "model.features=[4,8]", "model.strides=[[1,1,1],[2,2,2]]", "train.epochs=1"),
    *("train.batch_size=4", "train.patch_size_mm=[32,48,64]", "contrasts=2", "augment=none"),
    *("machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu", "study=bench"),
)


def train(*arguments: str) -> tuple[float, float]:
    """Seconds by the clock and of the processor that a command takes in this process."""
    from softcord.app.verbs.train import main

    started, busy = time.perf_counter(), time.process_time()
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()) as said:
        code = main([*TINY, *arguments])
    if code:
        sys.exit(f"the command failed with {code}:\n{said.getvalue()}")
    return time.perf_counter() - started, time.process_time() - busy


def bench_overhead() -> None:
    """Time before the first and after the last batch of a run; its data are cached, its imports done."""
    import softcord.app.runs.training
    import softcord.evaluation.ground_truth
    from softcord.train.module import CordModule

    moments: list[float] = []
    measuring: list[float] = []

    def timed(function: Any, into: list[float], *, both: bool) -> Any:
        def run(*arguments: Any, **more: Any) -> Any:
            started = time.process_time()
            result = function(*arguments, **more)
            into.extend([started, time.process_time()] if both else [time.process_time() - started])
            return result

        return run

    train("seed=1")
    kept = CordModule.training_step, softcord.app.runs.training._evaluate
    CordModule.training_step = timed(kept[0], moments, both=True)  # type: ignore[method-assign]
    CordModule.validation_step = timed(CordModule.validation_step, measuring, both=False)  # type: ignore[method-assign]
    softcord.app.runs.training._evaluate = timed(kept[1], measuring, both=False)
    started = time.process_time()
    clock_s, busy_s = train("seed=2")
    CordModule.training_step, softcord.app.runs.training._evaluate = kept  # type: ignore[method-assign]
    row("start of the job to its first batch, processor time", moments[0] - started, "s")
    after_s = started + busy_s - moments[-1]
    row("last batch to the end, processor time", after_s, "s")
    row("    without validation, prediction and measures", after_s - sum(measuring), "s")
    row("the whole run by the clock", clock_s, "s")


def bench_skipping(n_runs: int) -> None:
    """Recognise a finished study; its trainings are replaced by the files that they leave."""
    import softcord.app.runs.training
    from softcord.measure.table import Measure, measures_frame, write_measures
    from softcord.sweep.ledger import record

    def leave_results(plan: Any, _dataset: Any, run: Any, run_dir: Path) -> None:
        one = Measure("sub-1", "T1w", "dice", 0.9, run=run.name, method=run.method, seed=str(run.seed))
        write_measures(run_dir / "measures.csv", measures_frame([one]))
        record(run_dir, run, "complete")

    before, softcord.app.runs.training.bring_to_end = softcord.app.runs.training.bring_to_end, leave_results
    seeds = ",".join(str(seed) for seed in range(1, n_runs + 1))
    train("study=many", "-m", f"seed={seeds}")
    clock_s, busy_s = train("study=many", "-m", f"seed={seeds}")
    softcord.app.runs.training.bring_to_end = before
    row(f"recognising a finished study of {n_runs} runs, by the clock", clock_s, "s")
    row("    each, by the clock", clock_s / n_runs, "s")
    row("    each, processor time", busy_s / n_runs, "s")


def open_at_once(root: str, moment: float) -> None:
    from softcord.track.store import RunRecord, open_store, open_study

    time.sleep(max(0.0, moment - time.time()))
    with RunRecord(open_study(open_store(Path(root)), "race"), f"run {os.getpid()}") as entry:
        entry.complete()


def write_at_once(root: str, moment: float) -> None:
    from softcord.track.store import RunRecord, open_store, open_study

    study = open_study(open_store(Path(root)), "writers")
    with RunRecord(study, f"run {os.getpid()}") as entry:
        time.sleep(max(0.0, moment - time.time()))
        for step in range(BATCHES):
            entry.metrics({f"metric{n}": step + n / 100 for n in range(METRICS)}, step)


def at_once(function: Any, root: str) -> int:
    """Run a function in eight processes at the same moment; return how many failed."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["softcord.track.store", "mlflow.store.tracking.sqlalchemy_store"])
    moment = time.time() + 2
    processes = [context.Process(target=function, args=(root, moment)) for _ in range(WRITERS)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    return sum(process.exitcode != 0 for process in processes)


def bench_store(tries: int) -> None:
    from softcord.track.store import open_store

    errors = lost = 0
    for _ in range(tries):
        with tempfile.TemporaryDirectory() as root:
            errors += at_once(open_at_once, root)
            client = open_store(Path(root)).client()
            experiment = client.get_experiment_by_name("race")
            wanted = "tags.`softcord.state` = 'complete'"
            lost += WRITERS - len(client.search_runs([experiment.experiment_id], wanted))
    row(f"{WRITERS} processes on an empty store at once, {tries} tries: errors", errors, "")
    row("    runs that are missing then", lost, "")
    with tempfile.TemporaryDirectory() as root:
        open_store(Path(root))
        started = time.perf_counter()
        errors = at_once(write_at_once, root)
        seconds = time.perf_counter() - started
        client = open_store(Path(root)).client()
        experiment = client.get_experiment_by_name("writers")
        runs = client.search_runs([experiment.experiment_id], "attributes.run_name LIKE 'run %'")
        kept = sum(
            point.value == point.step + n / 100
            for run in runs
            for n in range(METRICS)
            for point in client.get_metric_history(run.info.run_id, f"metric{n}")
        )
    wanted_values = WRITERS * BATCHES * METRICS
    row(f"{WRITERS} writers x {BATCHES} batches of {METRICS}: errors", errors, "")
    row("    values lost", wanted_values - kept, f"of {wanted_values}")
    row("    took, with the processes' start", seconds, "s")


def row(label: str, value: float, unit: str) -> None:
    print(f"  {label:<75} {value:8.2f} {unit}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--tries", type=int, default=20)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        before = Path.cwd()
        os.chdir(folder)
        bench_overhead()
        bench_skipping(options.runs)
        os.chdir(before)
    bench_store(options.tries)


if __name__ == "__main__":
    main()
