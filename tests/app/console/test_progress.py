"""Nothing is silent: phases tell how far they are, in lines and in log files."""

import logging
import time
from pathlib import Path

import pytest

from softcord.app.console import progress
from softcord.app.console.terminal import logging_to, start_logging
from softcord.app.main import main


def test_a_long_step_is_told_without_a_terminal_and_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0.05)
    start_logging()
    with logging_to(tmp_path / "log.txt"), progress.phase("prediction", 2) as on_done:
        on_done("a")
        time.sleep(0.2)
    for text in (capsys.readouterr().err, (tmp_path / "log.txt").read_text()):
        assert "prediction: 1 of 2 after 0 s, about 0 s left" in text


def test_a_terminal_shows_its_bar_and_the_log_the_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record = logging.LogRecord("softcord", logging.INFO, "", 0, "x", (), None)
    assert progress.is_not_in_a_bar(record)
    record.in_a_bar = True
    assert progress.is_not_in_a_bar(record)  # no terminal here
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert not progress.is_not_in_a_bar(record)


@pytest.mark.parametrize("verb", ["train", "prepare", "phantom", "evaluate", "compare"])
def test_help_of_a_verb_is_its_own_with_three_examples_and_the_usual_keys(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"softcord {verb}: ")
    assert sum(line.startswith(f"  softcord {verb}") for line in said.splitlines()) == 3
    assert len(said.splitlines()) < 40
    assert f"softcord {verb} --help --all" in said
