"""What became of each run of a study, as files beside the results: ``outputs/<study>/<run>/run.json``."""

import json
import math
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout
from pydantic import TypeAdapter

from softcord.errors import BusyError, PrunedError, SoftcordError
from softcord.io.files import write_json
from softcord.sweep.folder import RUN

State = Literal["running", "interrupted", "failed", "pruned", "complete"]
# What a run is made by: it is trained, or a trained method is tested.
Verb = Literal["train", "evaluate"]

# Unix times from the year 5138 on are none; the system refuses to write some of them as a date.
LATEST_S = 1e11
_LOCK = ".lock"
# Somebody who only looks holds a lock for less than a millisecond; a run holds it for minutes.
_CLAIM_TIMEOUT_S = 1.0


@dataclass(frozen=True)
class Run:
    """A run and its state. A ``running`` one whose lock nobody holds has been killed and can be resumed.

    ``reason`` and ``exit_code`` say how it failed. ``seconds`` is the time of all attempts together,
    ``started_at`` (Unix time by the clock of ``host``), ``host`` and ``pid`` belong to the last one, which is
    the ``n_attempts``-th. ``doing`` says in words what a
    running one does, ``fraction`` in [0, 1] how much of its training is behind it. ``threads`` is the number
    that every attempt computes in, 0 before the first; ``precision`` and ``channels_last`` are
    what they compute in, decided in the first. ``data`` is the name of what it is tested on. A run
    that failed before its data were known has no fingerprint.
    """

    name: str
    study: str
    method: str
    seed: int
    fingerprint: str
    config_hash: str
    overrides: tuple[str, ...]
    state: State = "running"
    reason: str = ""
    exit_code: int = 0
    store_run_id: str = ""
    seconds: float = 0.0
    earlier_seconds: float = 0.0
    started_at: float = 0.0
    host: str = ""
    pid: int = 0
    doing: str = ""
    fraction: float = 0.0
    threads: int = 0
    precision: str = ""
    channels_last: bool = False
    verb: Verb = "train"
    data: str = ""
    n_attempts: int = 0

    @property
    def mark(self) -> tuple[str, int]:
        """What tells this attempt from every other one of the study; clocks of two hosts would not."""
        return self.name, self.n_attempts

    @property
    def is_complete(self) -> bool:
        """Whether its results are all there."""
        return self.state == "complete"


_FIELDS = frozenset(field.name for field in fields(Run))
_RUN = TypeAdapter(Run)


def read_run(run_dir: Path) -> Run | None:
    """Return the run in a folder, or None where there is none (or its file is damaged)."""
    try:
        content = json.loads((run_dir / RUN).read_text(encoding="utf-8"))
        # Keys of another version are left out; a value of another type is refused.
        known = {key: value for key, value in content.items() if key in _FIELDS}
        run = _RUN.validate_json(json.dumps(known), strict=True)
        times = (run.seconds, run.earlier_seconds, run.started_at, run.fraction)
        is_possible = all(map(math.isfinite, times)) and 0 <= run.started_at < LATEST_S
        return run if is_possible else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def unusable_runs(study_dir: Path) -> dict[Path, str]:
    """Say by folder why what lies in it is no run of the study: a damaged run.json, or that of another."""
    found: dict[Path, str] = {}
    for path in sorted(study_dir.glob(f"*/{RUN}")):
        run = read_run(path.parent)
        if run is None:
            found[path.parent] = f"its run.json {'is damaged' if _may_be_read(path) else 'may not be read'}"
        elif run.name != path.parent.name:
            found[path.parent] = f"its run.json is that of a run called {run.name!r}"
    return found


def _may_be_read(path: Path) -> bool:
    try:
        path.open("rb").close()
    except OSError:
        return False
    return True


def read_study(study_dir: Path) -> list[Run]:
    """Return the runs of a study, the one last changed at the end.

    A folder whose run.json names another folder is none of them (:func:`unusable_runs`): whatever is done to
    a run is done in the folder of its name.
    """
    changed = []
    for path in study_dir.glob(f"*/{RUN}"):
        try:
            changed.append((path.stat().st_mtime_ns, path))
        except OSError:
            continue  # removed since it was listed
    found = ((path.parent.name, read_run(path.parent)) for _, path in sorted(changed))
    return [run for folder, run in found if run is not None and run.name == folder]


def record(run_dir: Path, run: Run, state: State, **changes: object) -> Run:
    """Write the run with its new state, the time it has taken so far brought up to date, and return it.

    Another host than the run's own leaves the time: its clock may be another one.
    """
    is_here = run.started_at and run.host == socket.gethostname()
    seconds = run.earlier_seconds + time.time() - run.started_at if is_here else run.seconds
    changed = replace(run, state=state, **{"seconds": seconds, **changes})  # type: ignore[arg-type]
    write_json(run_dir / RUN, asdict(changed))
    return changed


def begin(run_dir: Path, run: Run) -> Run:
    """Record that this process now runs it, and return it."""
    attempt = replace(
        run,
        reason="",
        exit_code=0,
        earlier_seconds=run.seconds,
        started_at=time.time(),
        host=socket.gethostname(),
        pid=os.getpid(),
        doing="",
        fraction=0.0,
        n_attempts=run.n_attempts + 1,
    )
    return record(run_dir, attempt, "running")


def note(run_dir: Path, doing: str, fraction: float) -> None:
    """Say what a running run does, for those who watch the study; its time is brought up to date."""
    run = read_run(run_dir)
    if run is not None and run.state == "running":
        record(run_dir, run, "running", doing=doing, fraction=fraction)


@contextmanager
def attempt(run_dir: Path, run: Run) -> Iterator[Run]:
    """Record that the run begins, and that it failed, was pruned or interrupted if an error ends it.

    That it is complete is for the caller to record, when its results are all there.
    """
    begun = begin(run_dir, run)
    try:
        yield begun
    except PrunedError as end:
        record(run_dir, read_run(run_dir) or begun, "pruned", reason=str(end))
        raise
    except Exception as error:
        fail(run_dir, read_run(run_dir) or begun, error)
        raise
    except BaseException:
        record(run_dir, read_run(run_dir) or begun, "interrupted")
        raise


def fail(run_dir: Path, run: Run, error: Exception) -> Run:
    """Record that the run failed, with the first line of the reason."""
    return record(run_dir, run, "failed", reason=reason(error), exit_code=getattr(error, "exit_code", 1))


def reason(error: Exception) -> str:
    """Return the first line of an error's message; the kind of error too where it is not one of ours."""
    first = (str(error).splitlines() or [""])[0]
    return first if isinstance(error, SoftcordError) else f"{type(error).__name__}: {first}".rstrip(": ")


@contextmanager
def claim(run_dir: Path) -> Iterator[None]:
    """Hold the run for this process; the operating system lets go of it when the process dies.

    Raises:
        BusyError: another living process holds it.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / _LOCK)
    try:
        lock.acquire(timeout=_CLAIM_TIMEOUT_S)
    except Timeout:
        raise BusyError(run_dir.name, "is being run by another process", "Wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.release()


def is_claimed(run_dir: Path) -> bool:
    """Whether a living process holds the run."""
    path = run_dir / _LOCK
    if not path.exists():
        return False
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return True
    lock.release()
    return False


def leftovers(run_dir: Path) -> list[Path]:
    """Return the temporary files that killed processes left in a run's folder."""
    return [path for path in run_dir.rglob(".*") if path.name != _LOCK and path.is_file()]
