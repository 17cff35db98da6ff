import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from softcord.app.fetch import main

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
    arguments = ["data=bids", "data.root=here", f"data.url={published}", "data.version=r1", "gt=hard"]
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


def test_no_dataset_and_no_address_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["data=bids", "data.root=here"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
