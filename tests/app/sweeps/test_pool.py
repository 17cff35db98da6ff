"""hydra/launcher=pool: a process a job, slots, timeouts, and nothing left behind whatever ends it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# A verb with a job that does what its seed says. What the study is told goes to files.
TOY = """
import json, os, signal, sys, time
from contextlib import nullcontext
from pathlib import Path
from softcord.app.sweeps.launch import Study, launch

HERE = Path.cwd()

def job(plan):
    seen = ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "SOFTCORD_CORES")
    note = {key: os.environ.get(key) for key in seen}
    note |= {"pid": os.getpid(), "cwd": os.getcwd()}
    (HERE / f"began-{plan.seed}").write_text(json.dumps(note))
    if plan.seed == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    if plan.seed == 3:
        raise MemoryError("no room")
    if plan.seed == 4:
        time.sleep(60)
    if plan.seed == 5:
        grandchild = os.fork()
        if not grandchild:
            time.sleep(60)
            os._exit(0)
        (HERE / "grandchild").write_text(str(grandchild))
        try:
            time.sleep(60)
        except KeyboardInterrupt:
            (HERE / "interrupted").write_text("")
            raise
    (HERE / f"ended-{plan.seed}").write_text("")
    return float(plan.seed)

def note_failure(plan, error):
    (HERE / f"failed-{plan.seed}").write_text(str(error))

study = Study(
    check=lambda plan: None,
    begin=lambda arguments, plans, engine: plans,
    watch=lambda plans: nullcontext(),
    note_failure=note_failure,
    attempts_at=lambda plans: {},
    without_end=lambda plans, before: ([], []),
    running=lambda plans: [],
    finish=lambda plans: 0,
)
if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where tests run in the background
    sys.exit(launch(job, sys.argv[1:], lambda: study))
"""

POOL = ("-m", "hydra/launcher=pool", "hydra.launcher.n_jobs=2", "hydra.launcher.preload=[]")


@pytest.fixture
def toy(tmp_path: Path) -> list[str]:
    """The command that runs the toy verb."""
    script = tmp_path / "toy.py"
    script.write_text(TOY)
    return [sys.executable, str(script), *POOL]


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def wait_for(path: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not (path.exists() and path.read_text()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert path.exists(), f"{path.name} did not come"


def test_a_job_that_is_killed_or_fails_does_not_stop_the_others(toy: list[str], tmp_path: Path) -> None:
    command = [*toy, "seed=1,2,3,6", "hydra.launcher.gpus=[3,7]", "hydra.launcher.threads=1"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {path.name for path in tmp_path.glob("ended-*")} == {"ended-1", "ended-6"}
    assert (tmp_path / "failed-3").read_text() == "no room"
    killed = (tmp_path / "failed-2").read_text()
    assert "was killed (SIGKILL), most often for lack of memory" in killed
    assert str(tmp_path / "outputs/default/logs/job-1.txt") in killed
    notes = [json.loads(path.read_text()) for path in tmp_path.glob("began-*")]
    assert len({note["pid"] for note in notes}) == 4
    assert {note["CUDA_VISIBLE_DEVICES"] for note in notes} == {"3", "7"}
    assert {note["OMP_NUM_THREADS"] for note in notes} == {"1"}
    assert {note["SOFTCORD_CORES"] for note in notes} == {str(max(1, (os.cpu_count() or 1) // 2))}
    assert {note["cwd"] for note in notes} == {str(tmp_path)}


@pytest.mark.slow
def test_a_job_that_takes_too_long_is_stopped_with_all_it_started(toy: list[str], tmp_path: Path) -> None:
    command = [*toy, "seed=5,1", "hydra.launcher.timeout_min=0.2"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "was stopped after 12 s" in (tmp_path / "failed-5").read_text()
    assert (tmp_path / "ended-1").exists()
    assert not is_alive(int((tmp_path / "grandchild").read_text()))


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_lives_on_when_the_launching_process_is_stopped(
    number: signal.Signals, toy: list[str], tmp_path: Path
) -> None:
    process = subprocess.Popen([*toy, "seed=4,5"], cwd=tmp_path, stderr=subprocess.DEVNULL)
    wait_for(tmp_path / "began-4")
    wait_for(tmp_path / "grandchild")
    pids = [json.loads((tmp_path / f"began-{seed}").read_text())["pid"] for seed in (4, 5)]
    pids.append(int((tmp_path / "grandchild").read_text()))
    os.kill(process.pid, number)
    code = process.wait(30)
    assert code == (-signal.SIGKILL if number == signal.SIGKILL else 130)
    deadline = time.monotonic() + 5
    while any(map(is_alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(is_alive, pids))
    # Where there is time, runs record where they stopped.
    assert (tmp_path / "interrupted").exists() == (number != signal.SIGKILL)


@pytest.mark.slow
def test_a_verb_without_a_study_counts_a_killed_job_as_failed(toy: list[str], tmp_path: Path) -> None:
    script = tmp_path / "toy.py"
    script.write_text(TOY.replace("sys.argv[1:], lambda: study", "sys.argv[1:]"))
    done = subprocess.run([*toy, "seed=1,2"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 4
    assert "was killed" in done.stderr
