"""What became of each run of a study, as files beside the results: ``outputs/<study>/<run>/run.json``."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Literal

from filelock import FileLock, Timeout

from softcord.errors import RunError
from softcord.files import write_json

State = Literal["running", "interrupted", "failed", "pruned", "complete"]


@dataclass(frozen=True)
class Run:
    """A run and its state. A ``running`` one whose lock nobody holds has been killed and can be resumed."""

    name: str
    study: str
    method: str
    seed: int
    fingerprint: str
    config_hash: str
    overrides: tuple[str, ...]
    state: State = "running"
    reason: str = ""
    store_run_id: str = ""
    seconds: float = 0.0

    @property
    def is_complete(self) -> bool:
        """Whether its results are all there."""
        return self.state == "complete"


def read_run(run_dir: Path) -> Run | None:
    """Return the run in a folder, or None where there is none (or its file is damaged)."""
    try:
        content = json.loads((run_dir / "run.json").read_text(encoding="utf-8"))
        return Run(**{**content, "overrides": tuple(content["overrides"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def read_study(study_dir: Path) -> list[Run]:
    """Return the runs of a study, the one last changed at the end."""
    paths = sorted(study_dir.glob("*/run.json"), key=lambda path: path.stat().st_mtime_ns)
    found = (read_run(path.parent) for path in paths)
    return [run for run in found if run is not None]


def record(run_dir: Path, run: Run, state: State, **changes: object) -> Run:
    """Write the run with its new state and return it."""
    changed = replace(run, state=state, **changes)  # type: ignore[arg-type]
    write_json(run_dir / "run.json", asdict(changed))
    return changed


@contextmanager
def claim(run_dir: Path) -> Iterator[None]:
    """Hold the run for this process; the operating system lets go of it when the process dies.

    Raises:
        RunError: another living process holds it.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    lock = FileLock(run_dir / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise RunError(run_dir.name, "is being run by another process", "Wait for it, or stop it") from None
    try:
        yield
    finally:
        lock.release()
