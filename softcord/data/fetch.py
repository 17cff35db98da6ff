"""Download a dataset with git and git-annex: only the files that a study needs, resumable."""

import json
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING
from uuid import uuid4

from softcord.data.bids import file_state
from softcord.data.index import existing_root
from softcord.data.labels import LABEL_OF_GT, Gt
from softcord.errors import RunError, UsageError
from softcord.io.pointer import is_lfs, pointed_bytes, read_pointer
from softcord.processes.git import git_environment, need_git, run_git
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Wanted:
    """Files to download; ``n_bytes`` is their size as far as git-annex knows it."""

    files: tuple[str, ...]
    n_bytes: int


@dataclass(frozen=True)
class Missed:
    """A file that could not be downloaded, and why."""

    file: str
    reason: str


def wanted_files(table: "pd.DataFrame", gt: Gt, contrasts: Collection[str]) -> Wanted:
    """Name what a study needs and is not downloaded: images, the labels of its ground truth, disc labels.

    Where a soft label does not exist, the hard mask that it will be built from is wanted instead.
    """
    needed = table[table["contrast"].isin(contrasts)]
    labels = needed[LABEL_OF_GT[gt]].fillna(needed["hard_seg"])
    paths = {*needed["image"], *labels.dropna(), *needed["discs"].dropna()}
    files = tuple(sorted(path for path in paths if file_state(path) == "not_downloaded"))
    return Wanted(files, sum(pointed_bytes(read_pointer(path)) for path in files))


def clone_dataset(url: str, root: Path, version: str) -> bool:
    """Clone a version (tag or branch) of a dataset, without its images; False if it is there already.

    Raises:
        UsageError: ``root`` holds something else, or another version.
        RunError: git is missing or failed.
    """
    root = Path(os.path.abspath(root))
    if (root / ".git").exists():
        head, wanted = (_git(root, "rev-parse", f"{name}^{{commit}}") for name in ("HEAD", version))
        if head != wanted:
            raise UsageError(root, f"is not at version {version}", f"Run `git checkout {version}` there")
        return False
    if root.exists() and not (root.is_dir() and not any(root.iterdir())):
        raise UsageError(root, "is neither empty nor a git repository", Remedy.OTHER_ROOT)
    root.parent.mkdir(parents=True, exist_ok=True)
    unfinished = root.with_name(f".{root.name}-{uuid4().hex[:8]}")
    try:
        options = ("-c", "advice.detachedHead=false", "--branch", version)
        _git(root.parent, "clone", "--quiet", *options, url, str(unfinished))
        unfinished.replace(root)
    except RunError as error:
        raise RunError(f"{url} {version}", error.what, "Check address and version, or repeat it") from error
    except OSError:
        if not (root / ".git").exists():
            raise
        return clone_dataset(url, root, version)  # another process was quicker
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return True


def fetch_files(
    root: Path, wanted: Wanted, *, jobs: int = 4, on_done: Callable[[str], None] | None = None
) -> list[Missed]:
    """Download files, ``jobs`` at a time, and return those that failed; git-annex checks every checksum.

    What was begun before an interruption is gone on with.

    Raises:
        RunError: git-annex is missing, the disk is too small, or files are kept by git LFS.
    """
    root = existing_root(root)
    if n_lfs := sum(is_lfs(read_pointer(path)) for path in wanted.files):
        raise RunError(root, f"{n_lfs} files are kept by git LFS, not git-annex", "Run `git lfs pull` there")
    free = shutil.disk_usage(root).free
    if wanted.n_bytes > free:
        what = f"needs {in_words(wanted.n_bytes)}, {in_words(free)} are free"
        raise RunError(root, what, "Make room, or fetch fewer contrasts or participants")
    if not wanted.files:
        return []
    command = ["git", "annex", "get", "--json", "--json-error-messages", f"-J{jobs}", "--batch"]
    need_tools()
    with subprocess.Popen(
        command, cwd=root, env=git_environment(), text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            names = (os.path.relpath(path, root) for path in wanted.files)
            # Beside the reading: git-annex stops taking names while nobody takes its reports.
            threading.Thread(target=_ask, args=(process.stdin, names), daemon=True).start()
            reasons = _follow(process.stdout, on_done)
        except BaseException:
            process.terminate()
            raise
    return [
        Missed(path, reasons.get(os.path.relpath(path, root), "git-annex did not say why"))
        for path in wanted.files
        if file_state(path) != "present"
    ]


def _ask(stream: IO[str], names: Iterable[str]) -> None:
    """Write names for git-annex until all are written, or it has ended."""
    with suppress(OSError), stream:
        for name in names:
            stream.write(f"{name}\n")


def _follow(lines: IO[str], on_done: Callable[[str], None] | None) -> dict[str, str]:
    """Read git-annex's reports until it ends; return why files failed."""
    reasons: dict[str, str] = {}
    for line in lines:
        if not line.strip():
            continue  # a file that is here already
        report = json.loads(line)
        name = str(report.get("file"))
        if not report.get("success"):
            reasons[name] = " ".join(" ".join(report.get("error-messages", [])).split()) or "download failed"
        if on_done:
            on_done(os.path.basename(name))
    return reasons


def in_words(n_bytes: float) -> str:
    """Write a size in the largest fitting unit: ``9.7 GB``."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if n_bytes < 1000:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1000
    return f"{n_bytes:.3g} TB"


def _git(folder: Path, *arguments: str) -> str:
    done = run_git(folder, *arguments)
    if done.returncode:
        raise RunError(
            folder, f"git failed ({_last_line(done.stderr)})", "Repeat the command, or run git there"
        )
    return done.stdout.strip()


def need_tools() -> None:
    """Look for git and git-annex.

    Raises:
        RunError: one is missing; it says how to install it.
    """
    need_git(annex=True)


def _last_line(text: str) -> str:
    return text.strip().splitlines()[-1] if text.strip() else "without a word"
