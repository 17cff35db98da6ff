"""The line that predict, measure and review end with: a command that opens image and mask, to be copied."""

import shlex
from pathlib import Path

import pytest

from softcord.app.console.viewer import show_viewer


@pytest.fixture(autouse=True)
def _without_viewers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


def test_the_line_is_one_and_a_shell_reads_names_with_spaces_and_quotes_back(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_viewer(Path("my data/it's $t2.nii.gz"), Path("m.nii.gz"))
    (line,) = capsys.readouterr().out.splitlines()
    assert shlex.split(line)[:3] == ["fsleyes", "my data/it's $t2.nii.gz", "m.nii.gz"]


def test_a_name_that_a_terminal_would_obey_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    show_viewer(Path("t2\n\x1b[2J.nii.gz"), Path("m.nii.gz"))
    assert capsys.readouterr().out == ""
