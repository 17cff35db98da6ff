"""What a study no longer needs: of killed processes, of older configurations, of ended trainings."""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from softcord.errors import BusyError, DataError
from softcord.sweep.commands import forget_missing, read_entries
from softcord.sweep.ledger import Run, claim, is_claimed, leftovers, read_study

TRASH = ".trash"


@dataclass(frozen=True)
class Leftover:
    """Something to remove: a file or folder, or (without path) planned runs of which nothing has begun."""

    what: str
    path: Path | None
    n_bytes: int = 0
    run: str = ""


def find_leftovers(study_dir: Path, *, unfinished: bool = False) -> list[Leftover]:
    """Return what can go without harm to any result.

    These are temporary files of killed processes, the checkpoint to resume from of a complete run, and runs
    that a later run of the same configuration has replaced. With ``unfinished`` also runs that failed or were
    interrupted, which then start anew, and planned runs that never began, which are then forgotten. Runs that
    a process is at work on are left out.
    """
    runs = [
        run
        for run in read_study(study_dir)
        if not (study_dir / run.name).is_symlink() and not is_claimed(study_dir / run.name)
    ]
    latest = {run.config_hash: run.name for run in read_study(study_dir)}
    found: list[Leftover] = []
    for run in runs:
        if run.name != latest[run.config_hash]:
            found.append(_whole(study_dir, run, "replaced by a later run"))
        elif unfinished and run.state in ("failed", "interrupted", "running"):
            found.append(_whole(study_dir, run, "run that came to no end"))
        else:
            found += _within(study_dir / run.name, run)
    missing = sum(entry.standing == "missing" for entry in read_entries(study_dir))
    if unfinished and missing:
        found.append(Leftover(f"{missing} planned runs that never began", None))
    return found


def trash_of(study_dir: Path) -> list[Leftover]:
    """Return what earlier calls of :func:`remove` have moved to the study's trash."""
    trash = study_dir / TRASH
    if trash.is_symlink() or not trash.is_dir():
        return []
    return [Leftover("trash of earlier cleaning", trash, _n_bytes(trash))]


def remove(study_dir: Path, leftover: Leftover, *, purge: bool = False) -> bool:
    """Move it to the study's trash (``purge``: delete it); False where a process is at work on its run.

    Raises:
        DataError: it does not lie in the study's own folder.
    """
    if leftover.path is None:
        forget_missing(study_dir)
        return True
    if not leftover.path.parent.resolve().is_relative_to(study_dir.resolve()):
        raise DataError(leftover.path, "does not lie in the study's folder", "Remove it by hand")
    if not leftover.run:
        shutil.rmtree(leftover.path)
        return True
    try:
        with claim(study_dir / leftover.run):
            if not purge:
                _move_to_trash(study_dir, leftover.path)
            elif leftover.path.is_dir():
                shutil.rmtree(leftover.path)
            else:
                leftover.path.unlink(missing_ok=True)
    except BusyError:
        return False
    return True


def _move_to_trash(study_dir: Path, path: Path) -> None:
    place = study_dir / TRASH / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 10**9:09}"
    target = place / path.relative_to(study_dir)
    target.parent.mkdir(parents=True, exist_ok=True)
    path.rename(target)


def _whole(study_dir: Path, run: Run, what: str) -> Leftover:
    folder = study_dir / run.name
    return Leftover(what, folder, _n_bytes(folder), run.name)


def _n_bytes(folder: Path) -> int:
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file())


def _within(run_dir: Path, run: Run) -> list[Leftover]:
    found = [("temporary file", path) for path in leftovers(run_dir)]
    if run.is_complete:
        found += [("checkpoint to resume from", path) for path in run_dir.rglob("last.ckpt")]
    return [Leftover(what, path, path.stat().st_size, run.name) for what, path in found]
