"""A study on a real Slurm: array jobs, and a job that is queued again goes on from its last checkpoint."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from softcord.sweep.ledger import read_study
from tests.quick import QUICK

COMMAND = (
    *(sys.executable, "-m", "softcord.train", "-m", "study=slurm", "gt=soft,hard"),
    *QUICK,
    "train.epochs=12",
    *("hydra/launcher=slurm", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=1"),
)


@pytest.mark.slow
def test_a_study_runs_as_array_jobs_and_survives_being_queued_again(
    slurm: dict[str, str], tmp_path: Path
) -> None:
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(COMMAND, cwd=tmp_path, env=slurm, stdout=log, stderr=log)
    _wait_for_a_checkpoint(tmp_path, process)
    running = _jobs(slurm, "running")
    assert running
    assert all("_" in job for job in running), "jobs of an array"
    subprocess.run(["scontrol", "requeue", running[0]], env=slurm, check=True)
    _start_at_once(slurm, running[0])
    assert process.wait(400) == 0, (tmp_path / "log").read_text()[-3000:]
    runs = read_study(tmp_path / "outputs/slurm")
    assert sorted((run.method, run.state) for run in runs) == [
        ("hard_all_SoftSeg", "complete"),
        ("soft_all", "complete"),
    ]
    logs = [(tmp_path / "outputs/slurm" / run.name / "log.txt").read_text() for run in runs]
    # One of them was begun twice and trained only what was missing.
    assert sorted(log.count("training on") for log in logs) == [1, 2]


def _wait_for_a_checkpoint(folder: Path, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + 300
    while not list(folder.rglob("last.ckpt")):
        assert process.poll() is None, (folder / "log").read_text()[-3000:]
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _jobs(environment: dict[str, str], state: str) -> list[str]:
    command = ["squeue", "-h", "-t", state, "-o", "%i"]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split()


def _start_at_once(environment: dict[str, str], job: str) -> None:
    """Slurm holds a job that was queued again for two minutes."""
    for _ in range(60):
        if job in _jobs(environment, "pending"):
            subprocess.run(
                ["scontrol", "update", f"jobid={job}", "StartTime=now"], env=environment, check=True
            )
            return
        time.sleep(1)
    raise AssertionError("the job was not queued again")
