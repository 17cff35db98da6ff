"""One way to run git: quiet, in English, and without a word where it is missing."""

from pathlib import Path

import pytest

from softcord.errors import RunError
from softcord.processes import git

ROOT = Path(__file__).parents[2]


def test_git_says_what_it_prints_and_nothing_where_it_fails(tmp_path: Path) -> None:
    assert git.git_says(tmp_path, "rev-parse", "HEAD") is None
    assert git.run_git(tmp_path, "init", "--quiet").returncode == 0
    assert git.git_says(tmp_path, "rev-parse", "--is-inside-work-tree") == "true\n"


def test_a_missing_git_is_named_only_where_it_is_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "search_path", lambda: str(tmp_path))
    assert git.git_says(tmp_path, "status") is None
    with pytest.raises(RunError, match=r"git: is not installed\. Install git"):
        git.need_git()


def test_nothing_else_runs_git() -> None:
    places = [
        path.relative_to(ROOT / "softcord").as_posix()
        for path in (ROOT / "softcord").rglob("*.py")
        if '["git"' in path.read_text(encoding="utf-8")
    ]
    assert sorted(places) == ["data/fetch.py", "processes/git.py"]  # the first talks with git-annex
