"""Every command that a page shows is one that softcord takes: its verb, its flags, its keys and values.

Nothing is run. The pages that promise more are run by tests of their own (tutorial.md, extend.md, python.md).
"""

import importlib
import importlib.util
import re
import shlex
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from softcord.app.config.compose import combinations, compose, sweeper
from softcord.app.config.own_flags import settled
from softcord.app.config.plan import Plan, make_plan
from softcord.app.config.verb_help import VERB_HELP
from softcord.app.console.flags import FlagParser
from softcord.app.main import VERBS
from softcord.app.sweeps.search import SEARCH, check_search
from softcord.app.sweeps.show_config import MULTIRUN, answer, is_question
from softcord.errors import SoftcordError

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/*.md")])
START = re.compile(r"^(?: {4,}|\t)?(?:[A-Z_]+=\S+ )*(?:softcord |(?:\S*/)?python -m softcord\.)\w")
# The parts that this page's commands name are files of the page, which its own test writes and runs.
OWN_TEST = {"extend.md": "data=mine"}
PLACEHOLDER = "..."


def blocks(text: str) -> list[str]:
    """The lines of a page's code blocks, continued ones joined."""
    lines, is_fenced = [], False
    for line in text.replace("\\\n", " ").splitlines():
        if line.lstrip().startswith("```"):
            is_fenced = not is_fenced
        elif is_fenced or line.startswith("    "):
            lines.append(line)
    return lines


def commands(page: Path) -> list[str]:
    lines = [line for line in blocks(page.read_text(encoding="utf-8")) if START.match(line)]
    return [line.strip() for line in lines if OWN_TEST.get(page.name, "\n") not in line]


def words_of(command: str) -> list[str]:
    """Verb and arguments, without comment, variables before and what stands for any words."""
    words = shlex.split(command, comments=True)
    start = next(n for n, word in enumerate(words) if word == "softcord" or word.startswith("softcord."))
    verb = [words[start].removeprefix("softcord.")] if "." in words[start] else []
    return [word for word in [*verb, *words[start + 1 :]] if word != PLACEHOLDER]


def examples(verb: str) -> list[str]:
    """The examples of a verb's ``--help``."""
    if verb in VERB_HELP:
        return list(VERB_HELP[verb].examples)
    parser: FlagParser = importlib.import_module(VERBS[verb][0]).parser()
    return parser.examples.splitlines()


COMMANDS = [pytest.param(one, id=f"{page.name}: {one[:60]}") for page in PAGES for one in commands(page)]
COMMANDS += [pytest.param(one, id=f"--help: {one[:60]}") for verb in VERBS for one in examples(verb)]


@cache
def plan_of(*overrides: str) -> Plan:
    return make_plan(compose(*overrides))


def takes(arguments: Sequence[str]) -> int:
    """Stand for the launching of a verb: check all that it is given, run nothing."""
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


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], int]:
    """Call a verb's own ``main``, which parses and translates, with what would then run taken out."""
    monkeypatch.setattr(FlagParser, "run", only_parsed)

    def main(words: list[str]) -> int:
        verb, *rest = words
        assert verb in VERBS
        module: Any = importlib.import_module(VERBS[verb][0])
        for name in ("launch", "launch_once"):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, lambda job, arguments, *_, **__: takes(arguments))
        if hasattr(module, "guarded"):
            monkeypatch.setattr(module, "guarded", lambda run: run())
        return int(module.main(rest))

    return main


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_of_a_page_or_of_help_is_one_that_softcord_takes(
    command: str, asked: Callable[[list[str]], int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert asked(words_of(command)) == 0
    if "python -m" in command:
        name = f"softcord.{words_of(command)[0]}"
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.submodule_search_locations is None or importlib.util.find_spec(f"{name}.__main__")


@pytest.mark.parametrize(
    "wrong",
    [
        "softcord predikt -i t2.nii.gz",
        "softcord predict -i t2.nii.gz -no-such-flag",
        "softcord measure -i seg.nii.gz -vertt 2:3",
        "softcord study statuses",
        "softcord ui -porch 1",
        "softcord train no.such.key=1",
        "softcord train -m loss=awing,no_such_loss",
        "python -m softcord.compare --no-such-flag",
        "softcord ingest method=no_such_tool",
        "softcord fetch dataset=no_such_dataset",
    ],
)
def test_a_command_that_softcord_does_not_take_would_be_found(
    wrong: str, asked: Callable[[list[str]], int]
) -> None:
    with pytest.raises((SoftcordError, SystemExit, AssertionError)):
        asked(words_of(wrong))


def test_no_block_of_a_page_is_passed_over() -> None:
    shown = {str(page.relative_to(ROOT)): len(commands(page)) for page in PAGES}
    assert shown["README.md"] >= 10
    assert shown["docs/tutorial.md"] == 7
    assert shown["docs/studies.md"] >= 10
    assert words_of("X=1 python -m softcord.train ... trainer=ddp  # all") == ["train", "trainer=ddp"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_verb_that_a_page_names_in_a_sentence_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert set(re.findall(r"`softcord\s+([a-z]\w*)", text)) <= set(VERBS)
    for module in re.findall(r"`python -m\s+(softcord[\w.]*)", text):
        assert importlib.util.find_spec(module), module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_flag_that_a_page_names_beside_its_verb_exists(page: Path) -> None:
    for verb, rest in re.findall(r"`softcord\s+([a-z]+)\s+([^`]+)`", page.read_text(encoding="utf-8")):
        module = importlib.import_module(VERBS[verb][0])
        parser = getattr(module, "parser", None)
        if parser is not None:
            known = set(parser()._option_string_actions)
            flags = {word.strip("[],.") for word in rest.split() if re.match(r"\[?-{1,2}[A-Za-z]", word)}
            assert flags <= known, f"softcord {verb} {rest}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_target_of_make_that_a_page_names_exists(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    text = page.read_text(encoding="utf-8")
    named = re.findall(r"(?:`|^    )make ([a-z-]+)", text, re.MULTILINE)
    assert set(named) <= targets
