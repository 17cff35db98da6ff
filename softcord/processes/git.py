"""Run git: with git-annex also from beside this Python, asking nothing, in English."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from softcord.errors import RunError


def run_git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run git in a folder; its output is UTF-8 text, whatever its exit code.

    Nothing is locked for the mere sake of speed, so that reading leaves a repository as it is.

    Raises:
        RunError: git is not installed.
    """
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        return subprocess.run(
            command,
            env=git_environment(),
            capture_output=True,
            text=True,
            errors="surrogateescape",
            check=False,
        )
    except FileNotFoundError as error:
        raise RunError("git", "is not installed", "Install git") from error


def git_says(folder: Path, *arguments: str) -> str | None:
    """Return what git prints; None where it fails, as in a folder of no repository, or is not installed."""
    try:
        done = run_git(folder, *arguments)
    except RunError:
        return None
    return done.stdout if done.returncode == 0 else None


def git_environment() -> dict[str, str]:
    """Return the environment in which git finds git-annex, and waits for no answer."""
    # git-annex notes what is where in commits of its own, which need an author.
    author = {
        f"GIT_{role}_{what}": "softcord" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    return author | dict(os.environ) | {"PATH": search_path(), "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


def need_git(*, annex: bool = False) -> None:
    """Look for git, and git-annex.

    Raises:
        RunError: one is missing; it says how to install it.
    """
    for tool in ("git", *(["git-annex"] if annex else [])):
        if shutil.which(tool, path=search_path()) is None:
            hint = "Install it: pip install 'softcord[fetch]', or your system's package git-annex"
            raise RunError(tool, "is not installed", hint if tool == "git-annex" else "Install git")


def search_path() -> str:
    """Return where programs are looked for: git-annex may lie beside this Python."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
