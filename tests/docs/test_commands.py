"""Every command that a page shows is one that softcord takes: its verb, its flags, its keys and values.

Nothing is run here. The verb's own parser reads its flags; keys and options are looked up in the yaml files,
and a slow test composes them. test_coverage.py says which commands are run as well, and why others are not.
"""

import importlib
import importlib.util
import re
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from softcord.app.config.compose import combinations, compose, parse, sweeper
from softcord.app.config.own_flags import settled
from softcord.app.config.plan import Plan, make_plan
from softcord.app.config.verb_help import VERB_HELP
from softcord.app.console.flags import FlagParser
from softcord.app.main import VERBS
from softcord.app.sweeps.search import SEARCH, check_search
from softcord.app.sweeps.show_config import MULTIRUN, answer, is_question
from softcord.errors import SoftcordError
from tests.docs.blocks import (
    PAGES,
    blocks,
    commands_of,
    commands_of_notebooks,
    commands_of_yamls,
    is_of_softcord,
    name_of,
    words_of,
)
from tests.docs.known_keys import wrong

# The parts that these commands name are files of their page, which its own test writes and runs.
OWN_TEST = {"docs/extend.md": "data=mine"}


def examples(verb: str) -> list[str]:
    """The examples of a verb's ``--help``."""
    if verb in VERB_HELP:
        return list(VERB_HELP[verb].examples)
    parser: FlagParser = importlib.import_module(VERBS[verb][0]).parser()
    return parser.examples.splitlines()


SHOWN = [(block.page, one) for block in blocks() for one in commands_of(block)]
COMMANDS = [
    pytest.param(one, id=f"{page}: {one[:60]}")
    for page, one in (*SHOWN, *commands_of_yamls(), *commands_of_notebooks())
    if is_of_softcord(one) and OWN_TEST.get(page, "\n") not in one
]
COMMANDS += [pytest.param(one, id=f"--help: {one[:60]}") for verb in VERBS for one in examples(verb)]


def looked_up(arguments: Sequence[str]) -> int:
    """Stand for the launching of a verb: find every key and option in the yaml files. Milliseconds."""
    given = settled(arguments)
    overrides = [one for one in given if not one.startswith("-") and ("=" in one or one[0] in "~+")]
    others = {one for one in given if one not in overrides}
    assert others <= {*MULTIRUN, "--help", "-h", "--all", "--cfg", "job"}
    for one in parse(overrides):
        assert not wrong(one.key_or_group, str(one.input_line).partition("=")[2])
        assert others & set(MULTIRUN) or not one.is_sweep_override(), "several values without -m"
    return 0


@cache
def plan_of(*overrides: str) -> Plan:
    return make_plan(compose(*overrides))


def composed(arguments: Sequence[str]) -> int:
    """Stand for the launching of a verb: compose and build all that it is given, and run nothing. Seconds."""
    given = settled(arguments)
    if is_question(given):
        return answer(given)
    overrides = [one for one in given if not one.startswith("-")]
    flags = {one for one in given if one.startswith("-")}
    assert flags <= set(MULTIRUN)
    if not flags:
        plan_of(*overrides)
        return 0
    chosen = sweeper(overrides)
    if chosen["_target_"].startswith(SEARCH):
        check_search(tuple(overrides), chosen.get("params") or {}, lambda plan: None)
        return 0
    runs = [frozenset(run) for run in combinations(overrides)]
    left = frozenset[str]().union(*runs)
    while left:  # each value in one run at least
        run = max(runs, key=lambda one: len(one & left))
        plan_of(*sorted(run))
        left -= run
    return 0


def only_parsed(self: FlagParser, argv: Sequence[str], verb: Callable[..., int]) -> int:
    self.parse(argv)
    return 0


Launch = Callable[[Sequence[str]], int]
Asked = Callable[..., int]


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Asked:
    """Call a verb's own ``main``, which parses and translates, with what would then run taken out."""
    monkeypatch.setattr(FlagParser, "run", only_parsed)
    monkeypatch.chdir(tmp_path)

    def main(words: list[str], launch: Launch = looked_up) -> int:
        verb, *rest = words
        assert verb in VERBS
        module: Any = importlib.import_module(VERBS[verb][0])
        for name in ("launch", "launch_once"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda job, arguments, *_, **__: launch(arguments))
        if hasattr(module, "guarded"):
            monkeypatch.setattr(module, "guarded", lambda run: run())
        return int(module.main(rest))

    return main


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_a_page_or_of_help_is_one_that_softcord_takes(command: str, asked: Asked) -> None:
    assert asked(words_of(command)) == 0
    if "python -m" in command:
        name = f"softcord.{words_of(command)[0]}"
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.submodule_search_locations is None or importlib.util.find_spec(f"{name}.__main__")


@pytest.mark.slow
@pytest.mark.parametrize("command", COMMANDS)
def test_the_configuration_of_a_command_can_be_composed_and_built(command: str, asked: Asked) -> None:
    assert asked(words_of(command), composed) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        "softcord predikt -i t2.nii.gz",
        "softcord predict -i t2.nii.gz -no-such-flag",
        "softcord measure -i seg.nii.gz -vertt 2:3",
        "softcord study statuses",
        "softcord study clean mine --purg",
        "docker run --rm softcord predict -i t2.nii.gz -no-such-flag",
        "softcord ui -porch 1",
        "softcord train no.such.key=1",
        "softcord train -m loss=awing,no_such_loss",
        "softcord train loss=awing,dicece",
        "python -m softcord.compare --no-such-flag",
        "softcord ingest method=no_such_tool",
        "softcord fetch dataset=no_such_dataset",
    ],
)
def test_a_command_that_softcord_does_not_take_would_be_found(wrong: str, asked: Asked) -> None:
    with pytest.raises((SoftcordError, SystemExit, AssertionError)):
        asked(words_of(wrong))


# How a command of each grammar is made wrong, to see that none is passed over.
WRONG = {"flags": "--no-such-flag", "keys": "no.such.key=1"}


# The first command of each verb.
OF_VERBS = {words_of(one)[0]: one for _, one in reversed(SHOWN) if is_of_softcord(one)}


@pytest.mark.parametrize("command", OF_VERBS.values(), ids=OF_VERBS)
def test_a_command_of_each_verb_would_be_refused_with_a_flag_or_key_more(command: str, asked: Asked) -> None:
    verb, *rest = words_of(command)
    more = WRONG["flags" if hasattr(importlib.import_module(VERBS[verb][0]), "parser") else "keys"]
    with pytest.raises((SoftcordError, SystemExit, AssertionError)):
        asked([verb, *rest, more])
    with pytest.raises(AssertionError):
        asked([f"{verb}s", *rest])


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_verb_that_a_page_names_in_a_sentence_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`softcord\s+([a-z]\w*)", text)) <= set(VERBS)
    for module in re.findall(r"`python -m\s+(softcord[\w.]*)", text):
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_flag_that_a_page_names_beside_its_verb_exists(page: Path) -> None:
    for verb, rest in re.findall(r"`softcord\s+([a-z]+)\s+([^`]+)`", page.read_text(encoding="utf-8")):
        module = importlib.import_module(VERBS[verb][0])
        parser = getattr(module, "parser", None)
        if parser is not None:
            known = set(parser()._option_string_actions)
            flags = {word.strip("[],.") for word in rest.split() if re.match(r"\[?-{1,2}[A-Za-z]", word)}
            assert flags <= known, f"softcord {verb} {rest}"
