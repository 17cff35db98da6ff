"""Every block of every page is run by a test, or is checked only and says why: none is passed over.

A page in RUN is run as printed, from top to bottom. Of the others each command is read by its own parser
(test_commands.py), each Python block is run on small data, each yaml is read as softcord reads it
(test_page_code.py), each key in a sentence is looked up (test_inline.py). What ONLY_CHECKED says of a verb is
why its commands are not run as printed, and where it is run for real. OTHERS are commands of other programs.
"""

import re
import shlex
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.app.main import VERBS
from tests.docs.blocks import (
    KINDS,
    PAGES,
    ROOT,
    Block,
    blocks,
    commands_of,
    inline_code,
    is_of_softcord,
    name_of,
    words_of,
)

RUN = {
    "docs/tutorial.md": "tests/data/test_docs.py::test_every_command_of_the_tutorial_runs_as_printed",
    "docs/extend.md": "tests/app/own/test_extend_page.py::test_the_page_s_seven_parts_make_a_compared_study",
    "docs/python.md": "tests/api/test_examples.py::test_the_page_of_docs_runs_from_top_to_bottom",
}
# Why the pages' commands of a verb are read but not run, and a test that runs the verb.
_TRAINS = "trains for minutes to hours, mostly on the reader's images"
_READERS = "of images, masks or models that the reader has"
ONLY_CHECKED = {
    "phantom": ("draws cohorts of minutes", "tests/app/verbs/test_lifelong.py"),
    "fetch": ("downloads", "tests/app/verbs/test_fetch.py"),
    "check": (_READERS, "tests/app/verbs/test_check.py"),
    "prepare": (_READERS, "tests/gt/test_prepare.py"),
    "train": (_TRAINS, "tests/app/verbs/test_train.py"),
    "predict": (_READERS, "tests/app/verbs/test_predict_cli.py"),
    "ingest": (_READERS, "tests/app/verbs/test_ingest.py"),
    "model": (_READERS, "tests/app/verbs/test_model.py"),
    "export": (_READERS, "tests/predict/test_export.py"),
    "evaluate": (_READERS, "tests/app/verbs/test_evaluate.py"),
    "measure": (_READERS, "tests/app/verbs/test_measure_cli.py"),
    "drift": (_READERS, "tests/app/verbs/test_drift.py"),
    "compare": ("needs a study that was trained", "tests/app/verbs/test_compare.py"),
    "study": ("needs a study that was trained", "tests/app/verbs/test_study.py"),
    "review": (_READERS, "tests/review/test_page.py"),
    "correct": (_READERS, "tests/rounds/test_rounds.py"),
    "loop": (_READERS, "tests/rounds/test_rounds.py"),
    "bids": (_READERS, "tests/bidsapp/test_bids.py"),
    "ui": ("serves until it is stopped; its words are tested", "tests/app/console/test_bare_errors.py"),
}


def is_file(path: str) -> bool:
    return (ROOT / path).is_file()


def is_target(target: str) -> bool:
    return bool(re.search(rf"^{target}:", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def is_extra(requirement: str) -> bool:
    found = re.fullmatch(r"softcord\[(\w+)\]", requirement)
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found is not None and found[1] in project["optional-dependencies"]


def always(_word: str) -> bool:
    return True


# Commands of other programs: how one is told, what of it can be wrong here, and why it is not run.
OTHERS: dict[str, tuple[Callable[[str], bool], str]] = {
    r"make ([a-z-]+)": (is_target, "takes minutes; CI runs make test"),
    r"\. (\.venv/bin/activate)": (always, "of the shell"),
    r"pip install (softcord\S+)": (is_extra, "downloads"),
    r"pip install (optuna-dashboard)": (always, "downloads"),
    r"python -m pip install (build)": (always, "downloads"),
    r"python -m (build)": (always, "tests/test_wheel.py runs it"),
    r"python -m pip wheel -w wheels -c (\S+) dist/softcord-\*\.whl": (
        is_file,
        "downloads; see docs/container.md",
    ),
    r"docker build -f (\S+) -t softcord wheels": (is_file, "there is no Docker here; see docs/container.md"),
    r"apptainer build softcord.sif (\S+)": (is_file, "there is no Apptainer here; see docs/container.md"),
    r"(mlflow server) .*": (
        always,
        "serves until it is stopped; tests/engines/test_tracking_server.py starts one",
    ),
    r"(optuna-dashboard) sqlite:///mlruns/optuna.db": (always, "serves until it is stopped"),
}


def of_other_programs() -> list[tuple[Block, str]]:
    found = [(block, one) for block in blocks() for one in commands_of(block)]
    return [(block, one) for block, one in found if not is_of_softcord(one)]


def is_known(command: str) -> bool:
    """Whether a command of another program is one of OTHERS, and what it names is there."""
    plain = " ".join(shlex.split(command, comments=True))
    for pattern, (is_right, _why) in OTHERS.items():
        if found := re.fullmatch(pattern, plain):
            return is_right(found[1])
    return False


def test_every_block_says_what_it_holds() -> None:
    assert {block.kind for block in blocks()} == set(KINDS)
    assert len(blocks()) > 100
    unmarked = [block for block in blocks() if block.kind == "sh" and not commands_of(block)]
    assert unmarked == []


def test_every_command_of_a_page_is_softcords_or_one_of_a_program_that_is_listed() -> None:
    unknown = [(block.page, block.line, one) for block, one in of_other_programs() if not is_known(one)]
    assert unknown == [], "fence what is no command as ```text, or list the program in OTHERS"


@pytest.mark.parametrize("pattern", OTHERS)
def test_a_program_that_is_listed_is_still_on_a_page(pattern: str) -> None:
    plain = [" ".join(shlex.split(one, comments=True)) for _, one in of_other_programs()]
    assert any(re.fullmatch(pattern, one) for one in plain)


@pytest.mark.parametrize(
    "wrong",
    [
        "make dmeo",
        "pip install 'softcord[slrum]'",
        "docker build -f docs/Dockerfile -t softcord wheels",
        "my-data/",
        "sofcord predict -i t2.nii.gz",
    ],
)
def test_a_command_of_another_program_that_is_wrong_would_be_found(wrong: str) -> None:
    assert not is_of_softcord(wrong)
    assert not is_known(wrong)


@pytest.mark.parametrize(
    ("shown", "verb"),
    [
        ("X=1 python -m softcord.train ... trainer=ddp  # all", "train"),
        ("docker run --rm -v $PWD:/work --gpus all softcord predict -i a.nii.gz", "predict"),
        ("apptainer run --nv softcord.sif train -m gt=soft,hard", "train"),
        (".venv/bin/python -m softcord.compare study=demo", "compare"),
    ],
)
def test_a_command_of_softcord_is_told_wherever_it_runs(shown: str, verb: str) -> None:
    assert words_of(shown)[0] == verb


def test_every_verb_is_run_by_a_test_and_says_why_its_commands_on_pages_are_only_checked() -> None:
    assert set(ONLY_CHECKED) == set(VERBS)
    for verb, (_why, test) in ONLY_CHECKED.items():
        assert is_file(test), test
        assert re.search(rf"\b{verb}\b", (ROOT / test).read_text(encoding="utf-8")), (verb, test)


@pytest.mark.parametrize("page", RUN)
def test_a_page_that_is_run_names_its_test_and_says_so_to_the_reader(page: str) -> None:
    file, name = RUN[page].split("::")
    assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8")
    assert re.search(
        r"\b(tests run it|run by (softcord's|the) tests|run as printed by the tests)", text_of(page)
    )


def text_of(page: str) -> str:
    return re.sub(r"\s+", " ", (ROOT / page).read_text(encoding="utf-8"))


def test_no_other_page_says_that_it_is_run() -> None:
    for page in {name_of(page) for page in PAGES} - set(RUN) - {"CHANGELOG.md"}:
        assert not re.search(r"\bis run as printed by the tests", text_of(page)), page


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_a_target_of_make_that_a_sentence_names_exists(page: Path) -> None:
    for code in inline_code(page):
        if found := re.match(r"make ([a-z-]+)", code):
            assert is_target(found[1]), code
