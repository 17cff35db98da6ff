"""Kill a study again and again, repeat its command each time, and say what came of it.

    python tests/app/sweeps/kill_study.py FOLDER [SEED] [KILLS]

Every attempt is a fork of this process, which has imported everything but computed nothing: an attempt costs
no imports. Prints a line per kill and, last, a JSON object that test_kill.py looks at.
"""

import json
import os
import random
import shutil
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from softcord.app.verbs.train import main as train
from softcord.sweep.commands import read_entries
from softcord.sweep.ledger import Run, read_run, read_study
from softcord.train.checkpoint import load_weights

COMMAND = (
    *("phantom=tiny", "model.features=[4,8]", "model.strides=[[1,1,1],[2,2,2]]", "train.epochs=3"),
    *("train.batch_size=4", "train.patch_size_mm=[32,48,64]", "train.validate_every_epochs=1"),
    *(
        "augment=none",
        "contrasts=2",
        "split.train=0.5",
        "split.test=0.3",
        "machine.threads=1",
        "machine.jobs=1",
        "machine.accelerator=cpu",
    ),
    *("machine.precision=float32", "study=kill", "-m", "gt=soft,hard", "seed=1,2,3"),
)
POOL = ("hydra/launcher=pool", "hydra.launcher.n_jobs=2", "hydra.launcher.gpus=[]")
STUDY = Path("outputs/kill")


@dataclass(frozen=True)
class Kill:
    """When and whom: ``delay_s`` after ``when`` holds; a worker of the pool first, or only the parent."""

    what: str
    delay_s: float
    when: Callable[[float], bool]
    worker: bool = False


def start(folder: Path, data: Path, extra: tuple[str, ...] = (), tmp: Path | None = None) -> int:
    """Run the command in a fork, in a session of its own; return its process id."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    os.chdir(folder)
    if tmp:
        os.environ["TMPDIR"] = str(tmp)
    log = os.open("command.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    try:
        os._exit(train([*COMMAND, f"paths.data={data}", *extra]))
    except BaseException:
        os._exit(99)


def wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def of_session(session: int) -> list[int]:
    """Living processes of a session."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[3]) == session and fields[0] != "Z":
            found.append(int(path.parent.name))
    return found


def at_work(since: float) -> list[Run]:
    """Runs that an attempt has begun since a moment and not ended."""
    return [run for run in read_study(STUDY) if run.state == "running" and run.started_at > since]


def is_begun(since: float) -> bool:
    """Whether a run is at work."""
    return bool(at_work(since))


def is_between_training_and_end(since: float) -> bool:
    """Whether a run has trained its last epoch and is not complete."""
    return any(run.fraction == 1.0 for run in at_work(since))


def is_measured(since: float) -> bool:
    """Whether a run has written its measures and is not complete."""
    paths = [STUDY / run.name / "measures.csv" for run in at_work(since)]
    return any(path.exists() and path.stat().st_mtime > since for path in paths)


def kill_once(pid: int, kill: Kill, draw: random.Random) -> str:
    """Kill at the chosen moment; return what was hit, or nothing if the command had ended."""
    since, deadline = time.time(), time.monotonic() + 120
    while not kill.when(since) and time.monotonic() < deadline:
        if os.waitpid(pid, os.WNOHANG)[0]:
            return ""
        time.sleep(0.002)
    time.sleep(kill.delay_s)
    if kill.worker:
        workers = [one for one in of_session(pid) if one != pid and os.getpgid(one) == one]
        if workers:
            os.kill(draw.choice(workers), signal.SIGKILL)
            time.sleep(draw.uniform(0.3, 2))
    if os.waitpid(pid, os.WNOHANG)[0]:
        return ""
    doing = [f"{run.method} s{run.seed} {run.doing or 'starting'}" for run in at_work(since)]
    os.kill(pid, signal.SIGKILL)
    wait(pid)
    return "; ".join(doing) or "between runs"


def unreadable() -> list[str]:
    broken = []
    for path in Path("outputs").rglob("*.ckpt"):
        if path.name.startswith("."):
            continue  # half a file under its temporary name
        try:
            load_weights(path)
        except Exception as error:
            broken.append(f"{path}: {error}")
    return broken


def orphans(session: int) -> list[int]:
    """Processes that outlive the killed one by more than five seconds."""
    deadline = time.monotonic() + 5
    while of_session(session) and time.monotonic() < deadline:
        time.sleep(0.05)
    return of_session(session)


def results(folder: Path) -> dict[str, str]:
    return {path.parent.name: path.read_text() for path in (folder / STUDY).glob("*/measures.csv")}


def compare(folder: Path) -> str:
    """Run the comparison in a fork and return its table."""
    pid = os.fork()
    if not pid:
        from softcord.app.verbs.compare import main as compare_verb

        os.chdir(folder)
        log = os.open("compare.log", os.O_WRONLY | os.O_CREAT)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os._exit(compare_verb(["study=kill", "compare.qc=0"]))
    wait(pid)
    path = folder / STUDY / "comparisons.csv"
    return path.read_text() if path.exists() else ""


def store_runs(folder: Path) -> list[tuple[str, str]]:
    from softcord.track.store import STATE_TAG, open_store

    client = open_store(folder / "mlruns").client()
    experiment = client.get_experiment_by_name("kill")
    runs = client.search_runs([experiment.experiment_id], max_results=1000)
    own = [run for run in runs if run.data.tags.get("softcord.role") is None]
    return sorted((run.info.run_name, run.data.tags.get(STATE_TAG, "")) for run in own)


def plan_kills(draw: random.Random, n: int, run_s: float) -> list[Kill]:
    """Draw the moments: some in the pool, some after the last epoch, the others anywhere in a run."""
    kills = []
    for number in range(n):
        if number < 2:
            kills.append(
                Kill("pool, a worker, then the parent", draw.uniform(0, run_s), is_begun, worker=True)
            )
        elif number == 2:
            kills.append(Kill("pool, the parent", draw.uniform(0, run_s), is_begun))
        elif number % 4 == 1:
            kills.append(Kill("after the last epoch", draw.uniform(0, 0.5), is_between_training_and_end))
        elif number % 4 == 3:
            kills.append(Kill("after the measures", draw.uniform(0, 1), is_measured))
        else:
            kills.append(Kill("anywhere", draw.uniform(0, run_s), lambda _since: True))
    return kills


def main(folder: Path, seed: int, n_kills: int) -> None:
    import softcord.app.runs.training
    import softcord.evaluation.run
    import softcord.train.run  # noqa: F401

    draw = random.Random(seed)
    undisturbed, killed, data = folder / "undisturbed", folder / "killed", folder / "data"
    elsewhere = Path("/dev/shm") / f"softcord-kill-{os.getpid()}"
    for one in (undisturbed, killed, elsewhere):
        one.mkdir(parents=True)
    code = wait(start(undisturbed, data))
    run_s = sum(run.seconds for run in read_study(undisturbed / STUDY)) / 6
    print(f"undisturbed: code {code}, {run_s:.1f} s a run", flush=True)
    os.chdir(killed)
    broken: list[str] = []
    left: list[int] = []
    hits = 0
    for number, kill in enumerate(plan_kills(draw, n_kills, run_s), 1):
        in_pool = kill.what.startswith("pool")
        pid = start(killed, data, POOL if in_pool else (), elsewhere if number % 2 else None)
        hit = kill_once(pid, kill, draw)
        hits += bool(hit)
        left += orphans(pid)
        broken += unreadable()
        stand = " ".join(f"{entry.standing}" for entry in read_entries(STUDY))
        print(f"{number:2d} {kill.what} + {kill.delay_s:.2f} s: {hit or 'had ended'} | {stand}", flush=True)
    # Brought to its end by another launcher than the undisturbed study, which must not change a bit.
    codes = [wait(start(killed, data, POOL)), wait(start(killed, data))]
    broken += unreadable()
    shutil.rmtree(elsewhere)
    expected, found = results(undisturbed), results(killed)
    report = {
        "undisturbed_code": code,
        "kills": hits,
        "final_codes": codes,
        "runs": len(found),
        "same_measures": expected == found,
        "differing": sorted(name for name in expected if expected[name] != found.get(name)),
        "same_comparisons": compare(undisturbed) == compare(killed) != "",
        "states": [read_run(killed / STUDY / name).state for name in found],
        "unreadable": broken,
        "orphans": left,
        "store": store_runs(killed),
    }
    print(json.dumps(report))


if __name__ == "__main__":
    main(
        Path(sys.argv[1]).resolve(),
        int(sys.argv[2]) if len(sys.argv) > 2 else 1,
        int(sys.argv[3]) if len(sys.argv) > 3 else 20,
    )
