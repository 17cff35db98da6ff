"""Nothing is silent: phases tell how far they are, in lines and in log files."""

import argparse
import logging
import time
from pathlib import Path

import pytest

from softcord.app.console import progress
from softcord.app.console.flags import FlagParser
from softcord.app.console.terminal import logging_to, start_logging
from softcord.app.engines.epoch_lines import EpochLines


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


def test_an_epoch_that_lasts_is_told_with_its_step_and_a_told_one_is_not_told_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0.1)
    start_logging()
    lines = EpochLines(3)
    with lines.told():
        lines.on_step(1, "training", 7, 40)
        time.sleep(0.3)
        assert "epoch 2 of 3: training, step 7 of 40; 0 s so far" in capsys.readouterr().err
        for _ in range(10):  # somebody else speaks
            lines.on_epoch(1, {"train/loss": 0.5})
            time.sleep(0.02)
        assert "step" not in capsys.readouterr().err


def test_a_phase_of_unknown_length_says_that_it_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0.05)
    start_logging()
    with progress.phase("cloning", 0):
        time.sleep(0.2)
    assert "cloning: 0 s so far" in capsys.readouterr().err


def test_verbs_of_flags_are_not_silent_either(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "SILENCE_S", 0.05)

    def verb(_: argparse.Namespace) -> int:
        with progress.phase("measuring", 3):
            time.sleep(0.2)
        return 0

    for words, is_told in ([], True), (["-v", "0"], False):
        parser = FlagParser("measure", "Measure.", "softcord measure", needs_words=False)
        parser.add_argument("-v", type=int, default=1)
        assert parser.run(words, verb) == 0
        assert ("measuring: 0 of 3 after" in capsys.readouterr().err) is is_told
