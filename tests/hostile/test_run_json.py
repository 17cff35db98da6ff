"""No run.json, however odd, breaks what is said of the other runs or touches anything but its own folder."""

import json
import random
import shutil
import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from softcord.app.verbs.study import main as study
from softcord.sweep.ledger import Run, read_run, record
from tests.hostile.harness import Watch, damaged, each, mutated

GOOD = Run("good", "s", "soft_all", 1, "f" * 64, "c" * 64, ("gt=soft",), host="there", pid=1)
COMMAND = {
    "verb": "train",
    "arguments": ["gt=soft"],
    "given_at": 1.0,
    "runs": [{"method": "soft_all", "seed": 1, "config_hash": "c" * 64, "overrides": ["gt=soft"]}],
}


def draw(source: random.Random) -> str:
    """The content of run.json, with the name of the file in the first line."""
    state = source.choice(["failed", "interrupted", "running", "complete", "pruned"])
    content: object = {**asdict(GOOD), "name": "odd", "config_hash": "d" * 64, "state": state, "reason": "x"}
    for _ in range(source.randrange(1, 4)):
        content = mutated(content, source)
    text = json.dumps(content)
    return damaged(text, source) if source.random() < 0.2 else text


def test_studies_are_told_and_cleaned_all_the_same(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch.beside_somebodys_files(tmp_path, capsys)

    def attempt(text: str) -> None:
        shutil.rmtree("outputs", ignore_errors=True)
        record(Path("outputs/s/good"), GOOD, "complete")
        record(Path("outputs/other/good"), GOOD, "complete")
        odd = Path("outputs/s/odd")
        odd.mkdir()
        (odd / "run.json").write_text(text, encoding="utf-8", errors="surrogateescape")
        run = read_run(odd)
        is_ours = run is not None and run.host in ("", socket.gethostname())
        for words in (
            ["status"],
            ["status", "s"],
            ["show", "s"],
            ["show", "s", "good"],
            ["show", "s", "odd"],
        ):
            watch.run(study, words, codes=(0, 2) if "odd" in words else (0,))
        if not is_ours:  # what was made here is run again without a question
            watch.run(study, ["rerun", "s", "--failed"], codes=(0, 2))
        watch.run(study, ["clean", "s", "--failed", "--yes"], codes=(0,))
        for folder in ("outputs/s/good", "outputs/other/good"):
            assert read_run(Path(folder)) is not None, f"{folder} is lost"

    each("run_json", draw, 100, attempt)


def test_a_studys_record_of_its_commands_may_be_as_odd(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    watch = Watch.beside_somebodys_files(tmp_path, capsys)

    def odd_record(source: random.Random) -> str:
        content: object = {"commands": [COMMAND]}
        for _ in range(source.randrange(1, 3)):
            content = mutated(content, source)
        text = json.dumps(content)
        return damaged(text, source) if source.random() < 0.2 else text

    def attempt(text: str) -> None:
        record(Path("outputs/s/good"), GOOD, "complete")
        Path("outputs/s/study.json").write_text(text, encoding="utf-8", errors="surrogateescape")
        for words in (["status"], ["status", "s"], ["show", "s"], ["clean", "s", "--yes"]):
            watch.run(study, words, codes=(0, 3))

    each("study_json", odd_record, 60, attempt)
