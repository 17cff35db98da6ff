"""A study recorded by a tracking server: one environment variable, nothing else changes."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.quick import QUICK

COMMAND = (sys.executable, "-m", "softcord.train", "study=remote", *QUICK, "train.epochs=1")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _postgres_program(name: str) -> str:
    """Return a program of PostgreSQL's server, which Debian leaves out of the path."""
    found = shutil.which(name) or next(iter(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    if found is None:
        pytest.skip(f"PostgreSQL's server ({name}) is not installed")
    return str(found)


@contextmanager
def _postgres(folder: Path) -> Iterator[str]:
    """Run a PostgreSQL of its own, in a folder that is removed, and yield the address of its database."""
    initdb, postgres = _postgres_program("initdb"), _postgres_program("postgres")
    # It refuses to run as root.
    user = ["runuser", "-u", "postgres", "--"] if os.getuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")
    data, port = folder / "data", _free_port()
    subprocess.run([*user, initdb, "-D", data, "-U", "softcord", "-A", "trust"], check=True, cwd=folder)
    command = [*user, postgres, "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", ""]
    with subprocess.Popen(command, cwd=folder, start_new_session=True) as process:
        try:
            _wait_for(lambda: socket.create_connection(("127.0.0.1", port), 2).close())
            yield f"postgresql://softcord@127.0.0.1:{port}/postgres"
        finally:
            os.killpg(process.pid, signal.SIGINT)  # a fast shutdown


@pytest.fixture(params=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A tracking server with a database and artifacts of its own."""
    if request.param == "sqlite":
        with _mlflow(f"sqlite:///{tmp_path}/server.db", tmp_path) as address:
            yield address
        return
    # Below pytest's own folders, which are closed to others, PostgreSQL's user could not read its data.
    with (
        TemporaryDirectory() as folder,
        _postgres(Path(folder)) as database,
        _mlflow(database, tmp_path) as address,
    ):
        yield address


@contextmanager
def _mlflow(database: str, tmp_path: Path) -> Iterator[str]:
    port = _free_port()
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", database, "--workers", "1"]
    command += ["--artifacts-destination", f"{tmp_path}/server-artifacts"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
        )
        address = f"http://127.0.0.1:{port}"
        try:
            _wait_for(lambda: urllib.request.urlopen(f"{address}/health", timeout=2).close())
            yield address
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(30)


def _wait_for(connect: Callable[[], None]) -> None:
    for _ in range(120):
        try:
            connect()
            return
        except OSError:
            time.sleep(0.5)
    raise AssertionError("the server did not start")


@pytest.mark.slow
def test_a_run_recorded_by_a_server_is_all_there_and_is_found_again(server: str, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    environment = {**os.environ, "MLFLOW_TRACKING_URI": server}
    for _ in range(2):
        done = subprocess.run(
            COMMAND, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr[-2000:]
    assert "is complete (" in done.stderr
    client = MlflowClient(server)
    experiment = client.get_experiment_by_name("remote")
    runs = client.search_runs([experiment.experiment_id], "tags.`softcord.state` = 'complete'")
    (run,) = runs
    assert run.data.metrics["test/dice"] >= 0
    names = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "measures.csv", "model", "overlays"} <= names
    table = client.download_artifacts(run.info.run_id, "measures.csv", str(tmp_path))
    assert Path(table).read_text().startswith("run,method,gt")
    assert not (tmp_path / "mlruns/mlflow.db").exists()
