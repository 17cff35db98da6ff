"""docs/faq.md: every command is one that softcord takes."""

import re
import shlex
from pathlib import Path

import pytest

from softcord.app.config.compose import check, combinations, compose
from softcord.app.console.measure_flags import parser as measure_parser
from softcord.app.main import VERBS
from softcord.app.verbs.ingest import translated

PAGE = (Path(__file__).parents[3] / "docs/faq.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^    softcord (.+)$", PAGE, re.MULTILINE)
HYDRA = {"check", "prepare", "train", "evaluate", "compare", "ingest"}


def test_there_are_twenty_questions() -> None:
    assert [int(n) for n in re.findall(r"^\*\*(\d+)\. ", PAGE, re.MULTILINE)] == list(range(1, 21))


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_the_page_is_one_that_softcord_takes(command: str) -> None:
    verb, *words = shlex.split(command)
    assert verb in VERBS
    if verb == "measure":
        measure_parser().parse_args(words)
    elif verb in HYDRA:
        keys = [word for word in words if "=" in word]
        keys = translated(keys) if verb == "ingest" else keys
        keys = [f"evaluate.{key}" if key.startswith("model=") and verb == "evaluate" else key for key in keys]
        check(keys if "-m" not in words else combinations(keys)[0])
        for run in combinations(keys) if "-m" in words else [keys]:
            compose(*run)
