"""--help of every verb: its own usage, three examples, what is usual; all the rest behind --all."""

import pytest

from softcord.app.main import VERBS, main

A_SCREEN = 60  # lines; everything of train or measure is longer


@pytest.mark.parametrize("verb", VERBS)
def test_help_of_a_verb_is_its_own_with_three_examples_and_what_is_usual(
    verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([verb, "--help"]) == 0
    said = capsys.readouterr().out
    assert said.startswith(f"softcord {verb}: ")
    assert f"\nusage: softcord {verb} " in said
    _, _, after = said.partition("\nexamples:\n")
    examples = after.partition("\n\n")[0].splitlines()
    assert len(examples) == 3
    assert all(line.startswith("  softcord ") for line in examples)
    assert sum(f"softcord {verb}" in line for line in examples) >= 1
    assert len(said.splitlines()) <= A_SCREEN
    assert max(map(len, said.splitlines())) <= 120


@pytest.mark.parametrize("verb", ["train", "fetch", "ingest", "predict", "measure", "drift"])
def test_what_is_not_usual_stands_behind_all(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([verb, "--help"]) == 0
    usual = capsys.readouterr().out
    assert f"softcord {verb} --help --all lists every " in usual
    assert main([verb, "--help", "--all"]) == 0
    everything = capsys.readouterr().out
    assert len(everything.splitlines()) > len(usual.splitlines())
    assert "--help --all" not in everything


def test_a_wrong_word_of_study_or_ui_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["study", "shw"], ["study", "show"], ["ui", "--prt"]):
        assert main(words) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line.startswith(f"softcord {words[0]}")
