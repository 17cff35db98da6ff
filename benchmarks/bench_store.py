"""Is a study of 10,000 runs and 2 million metric values still looked at and added to in seconds?

    python benchmarks/bench_store.py [--runs 10000] [--values 200]

Fills a store with made-up runs (``--values`` of metrics each, by SQL: through MLflow it would take hours)
and a folder with their records. Prints what `softcord study status` takes, what the store costs one run more,
how long `softcord ui` needs until it answers, and how long a headless Chromium needs, its own start included,
until the study's page shows runs.
"""

import argparse
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from made_up import make_runs

EPOCHS = 10
TAGS, PARAMS = 20, 40
SHOWN = ("test/csa_std_mm2", "test/csa_abs_error_mm2", "test/dice")


def fill(database: Path, experiment: str, parent: str, runs: int, values: int) -> None:
    """Add complete runs to a store that MLflow has made."""
    names = [*SHOWN, *(f"test/metric{n}" for n in range(values // EPOCHS - len(SHOWN)))]
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA synchronous=off")
        for n in range(runs):
            run = f"{n:032x}"
            location = f"file://{database.parent}/artifacts/{experiment}/{run}"
            insert(connection, "runs", of_run(run, n, experiment, location))
            tags = {f"tag{k}": f"value {k}" for k in range(TAGS)}
            tags |= {"softcord.state": "complete", "mlflow.parentRunId": parent, "method": f"m{n // 5}"}
            tags |= {"mlflow.runName": f"method{n:05}", "seed": str(n % 5), "gt": "soft", "loss": "awing"}
            rows = [(key, value, run) for key, value in tags.items()]
            connection.executemany("insert into tags (key, value, run_uuid) values (?, ?, ?)", rows)
            rows = [(f"param{k}", f"value {k}", run) for k in range(PARAMS)]
            connection.executemany("insert into params (key, value, run_uuid) values (?, ?, ?)", rows)
            points = [(key, (n % 97) / 97, 1_700_000_000_000 + n, run, 0) for key in names]
            columns = "(key, value, timestamp, run_uuid, is_nan, step) values (?, ?, ?, ?, ?, ?)"
            each = [(*point, step) for point in points for step in range(EPOCHS)]
            connection.executemany(f"insert into metrics {columns}", each)
            connection.executemany(
                f"insert into latest_metrics {columns}", [(*point, EPOCHS - 1) for point in points]
            )
        connection.commit()


def of_run(run: str, n: int, experiment: str, location: str) -> dict[str, object]:
    began_ms = 1_700_000_000_000 + 60_000 * n
    return {
        "run_uuid": run,
        "name": f"method{n:05}",
        "source_type": "UNKNOWN",
        "source_name": "",
        "entry_point_name": "",
        "user_id": "made up",
        "status": "FINISHED",
        "start_time": began_ms,
        "end_time": began_ms + 50_000,
        "source_version": "",
        "lifecycle_stage": "active",
        "artifact_uri": location,
        "experiment_id": int(experiment),
    }


def insert(connection: sqlite3.Connection, table: str, row: dict[str, object]) -> None:
    places = ", ".join("?" * len(row))
    connection.execute(f"insert into {table} ({', '.join(row)}) values ({places})", list(row.values()))


def bench_status(root: Path) -> None:
    command = [sys.executable, "-m", "softcord", "study", "status", "made-up"]
    for words, what in ((command, "study status NAME"), (command[:-1], "study status")):
        before, started = os.times(), time.perf_counter()
        done = subprocess.run(words, cwd=root, capture_output=True, text=True, check=True)
        clock_s, after = time.perf_counter() - started, os.times()
        assert "complete" in done.stdout
        spent_s = after.children_user + after.children_system - before.children_user - before.children_system
        row(f"softcord {what}: processor time (by the clock {clock_s:.1f})", spent_s)


def bench_one_more(root: Path) -> None:
    from softcord.track.dashboard import describe_study, results_table
    from softcord.track.store import RunRecord, open_store, open_study

    study = timed("the store is opened", lambda: open_study(open_store(root / "mlruns"), "made-up"))
    with RunRecord(study, "one more") as entry:
        timed("a run writes 20 values", lambda: entry.metrics({f"test/metric{n}": n for n in range(20)}))
        entry.complete()
    headings = [(name, name) for name in SHOWN]
    said = timed("a run's end renews the study's note", lambda: results_table(study, headings, SHOWN[2]))
    describe_study(study, said)


def timed(what: str, work: Callable[[], Any]) -> Any:
    started = time.process_time()
    found = work()
    row(f"{what}, processor time", time.process_time() - started)
    return found


def bench_dashboard(root: Path, experiment: str) -> None:
    from softcord.track.addresses import view_path

    browser = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if browser is None:
        print("the dashboard is left out: needs Chromium (apt-get install chromium)")
        return
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "softcord", "ui", "-store", str(root / "mlruns")]
    started = time.perf_counter()
    server = subprocess.Popen([*command, "-port", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{port}/health")
        row("softcord ui answers, by the clock", time.perf_counter() - started)
        for what in ("first", "second"):
            with tempfile.TemporaryDirectory() as profile:
                address = f"http://127.0.0.1:{port}/{view_path(experiment)}"
                flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"]
                flags += ["--disable-background-networking", f"--user-data-dir={profile}"]
                # The browser's time stands still while it waits for the server.
                flags += ["--virtual-time-budget=4000", "--dump-dom"]
                started = time.perf_counter()
                page = subprocess.run([browser, *flags, address], capture_output=True, text=True).stdout
            shown = page.count(">method0")
            row(
                f"the study's page, {what} time, by the clock ({shown} runs shown)",
                time.perf_counter() - started,
            )
    finally:
        server.terminate()
        server.wait()


def wait_for(address: str, patience_s: float = 120) -> None:
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            urllib.request.urlopen(address, timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    raise SystemExit(f"{address} did not answer within {patience_s:.0f} s")


def row(label: str, seconds: float) -> None:
    print(f"  {label:<75} {seconds:8.2f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--values", type=int, default=200, help="of metrics, of each run")
    options = parser.parse_args()
    from softcord.track.dashboard import save_view
    from softcord.track.store import open_store, open_study

    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        study = open_study(open_store(root / "mlruns"), "made-up")
        save_view(study, SHOWN, ("method", "gt", "loss", "seed"), SHOWN[2])
        database = root / "mlruns" / "mlflow.db"
        fill(database, study.experiment_id, study.parent_run_id, options.runs, options.values)
        make_runs(root / "outputs" / "made-up", options.runs)
        size_mb = database.stat().st_size / 1e6
        print(f"{options.runs:,} runs, {options.runs * options.values:,} values of metrics, {size_mb:.0f} MB")
        bench_status(root)
        bench_one_more(root)
        bench_dashboard(root, study.experiment_id)


if __name__ == "__main__":
    main()
