"""A study recorded by a tracking server: one environment variable, nothing else changes."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

COMMAND = (
    *(sys.executable, "-m", "softcord.train", "study=remote", "phantom=tiny", "model.features=[4,8]"),
    *("model.strides=[[1,1,1],[2,2,2]]", "train.epochs=1", "train.batch_size=4"),
    *("train.patch_size_mm=[32,48,64]", "machine.threads=1", "machine.jobs=1", "machine.accelerator=cpu"),
)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """A tracking server with a database and artifacts of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", f"sqlite:///{tmp_path}/server.db", "--workers", "1"]
    command += ["--artifacts-destination", f"{tmp_path}/server-artifacts"]
    quiet = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env={**os.environ, **quiet}, stdout=log, stderr=log, start_new_session=True
        )
        address = f"http://127.0.0.1:{port}"
        _wait_for(address)
        yield address
        os.killpg(process.pid, 15)
        process.wait(30)


def _wait_for(address: str) -> None:
    for _ in range(120):
        try:
            urllib.request.urlopen(f"{address}/health", timeout=2).close()
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
    assert run.data.metrics["test/csa_std_mm2"] >= 0
    names = {item.path for item in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "measures.csv", "model", "overlays"} <= names
    table = client.download_artifacts(run.info.run_id, "measures.csv", str(tmp_path))
    assert Path(table).read_text().startswith("run,method,gt")
    assert not (tmp_path / "mlruns/mlflow.db").exists()
