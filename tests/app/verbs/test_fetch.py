import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from softcord.app.config.compose import compose
from softcord.app.verbs.fetch import WORDS, main, translated

PATH = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
needs_annex = pytest.mark.skipif(
    shutil.which("git-annex", path=PATH) is None, reason="git-annex is not installed"
)
WHO = {f"GIT_{role}_{what}": "t" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git-annex repository with one participant, tagged r1."""
    monkeypatch.chdir(tmp_path)
    root = tmp_path / "published"
    for name in ("sub-01/anat/sub-01_T2w", "derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg"):
        path = root / f"{name}.nii.gz"
        path.parent.mkdir(parents=True)
        path.write_bytes(name.encode() * 100)
    steps = ("init -q", "annex init -q", "annex add -q .", "commit -q -m data", "tag r1")
    for step in steps:
        environment = os.environ | WHO | {"PATH": PATH}
        subprocess.run(["git", *step.split()], cwd=root, env=environment, check=True, capture_output=True)
    return root


@needs_annex
def test_one_command_clones_and_downloads_and_says_how_much(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["dataset=bids", "root=here", f"url={published}", "version=r1", "gt=hard"]
    assert main(arguments) == 0
    printed = capsys.readouterr().out
    assert "2 files to download, 7.6 kB" in printed
    assert "everything is here" in printed
    assert main(arguments) == 0
    assert "0 files to download" in capsys.readouterr().out


@needs_annex
def test_what_cannot_be_downloaded_is_named_and_code_1(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["data=bids", "data.root=here", f"data.url={published}", "data.version=r1", "gt=hard"]
    for path in (published / ".git/annex/objects").rglob("*"):
        path.chmod(0o755)
    shutil.rmtree(published / ".git/annex/objects")
    assert main(arguments) == 1
    errors = capsys.readouterr().err
    assert "sub-01_T2w.nii.gz: " in errors
    assert "2 files are missing; repeat the command" in errors


@needs_annex
def test_only_the_named_participants_are_downloaded(
    published: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = [
        "dataset=bids",
        "root=here",
        f"url={published}",
        "version=r1",
        "gt=hard",
        "contrasts=T1w,T2w",
    ]
    assert main([*arguments, "participants=sub-01,sub-02"]) == 2
    assert "data.participants: sub-02 is not in here" in capsys.readouterr().err
    assert main([*arguments, "participants=sub-01"]) == 0
    assert "2 files to download" in capsys.readouterr().out


def test_the_words_of_the_verb_stand_for_keys() -> None:
    typed = "dataset=spine_generic version=r20250310 contrasts=T1w,T2w participants=sub-amu01 gt=hard"
    assert translated(typed.split()) == [
        "data=spine_generic",
        "data.version='r20250310'",
        "contrasts=[T1w,T2w]",
        "data.participants=[sub-amu01]",
        "gt=hard",
    ]
    config = compose(*translated(["dataset=bids", "root=my, own data=1", "version=1.0"])).config["data"]
    assert (config["root"], config["version"]) == ("my, own data=1", "1.0")


def test_help_says_the_words_of_the_verb_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset=spine_generic", "--help", "--all"]) == 0
    usage, choices = capsys.readouterr().out.split("Choices (group=option)")
    assert usage.startswith("softcord fetch: ")
    assert all(f" {word}=" in usage for word in WORDS)
    assert "data: bids, " in choices


MISTAKES = {
    "": "fetch: the phantom dataset is made here, not downloaded. Name a dataset: dataset=spine_generic",
    "dataset=bids root=here": "data.url: is needed to clone the dataset. Give url=ADDRESS and version=TAG",
    "dataset=spine_generik": "dataset=spine_generik: there is no such option. Did you mean spine_generic?",
    "dataset=spine_generic verison=1": "verison: is not a known key. Did you mean data.version?",
    "dataset=spine_generic data=bids": "data: says again what dataset says",
    "dataset=spine_generic contrasts=T1w,T3w": "contrasts: unknown contrast 'T3w'",
    "dataset=spine_generic -m": "-m: is not for this verb",
}


@pytest.mark.parametrize("typed", MISTAKES)
def test_a_mistake_is_one_line_with_the_way_out(
    typed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(typed.split()) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"softcord: {MISTAKES[typed]}")
    assert printed.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_a_missing_git_annex_is_said_before_anything_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(shutil, "which", lambda tool, path: None if tool == "git-annex" else tool)
    assert main(["dataset=spine_generic"]) == 1
    assert "git-annex: is not installed. Install it: pip install 'softcord[fetch]'" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
