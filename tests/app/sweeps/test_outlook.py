"""A command says what it is about to do, and a time only where it was measured."""

from pathlib import Path

import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import make_plan
from softcord.app.sweeps.outlook import say_outlook


def test_in_an_empty_folder_train_says_what_it_makes_and_about_how_long_it_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    with caplog.at_level("INFO", "softcord"):
        say_outlook([make_plan(compose(f"gt={gt}")) for gt in ("soft", "hard")])
    made, trained = (record.getMessage() for record in caplog.records)
    assert "phantom people in data/phantom-demo; data=bids data.root=PATH takes your images" in made
    assert trained == "2 trainings of 6 epochs, then tables in outputs/default; about 4 min on two CPU cores"


def test_what_was_not_timed_has_no_time_and_data_that_are_there_are_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/phantom-tiny").mkdir(parents=True)
    with caplog.at_level("INFO", "softcord"):
        say_outlook([make_plan(compose("phantom=tiny", "train.epochs=1"))])
        say_outlook([])
    assert [record.getMessage() for record in caplog.records] == [
        "1 training of 1 epoch, then tables in outputs/default"
    ]
