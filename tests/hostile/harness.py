"""What all fuzzers share: seeded inputs, the inputs that once failed, and what a verb must never do.

A fuzzer is a function from a seed to an input, a text. ``make fuzz`` tries 10,000 inputs and keeps each that
fails in ``corpus/``; the tests replay what is there before they draw anew.
"""

import os
import random
import re
import resource
import time
import warnings
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

CORPUS = Path(__file__).with_name("corpus")
# Seconds of the processor, so that other programs on the machine do not count.
MAX_BYTES, MAX_S = 2e9, 20.0
# A log line of a verb begins with the time, an error with the name of the command.
_SAID = re.compile(r"softcord[: ]|\d\d:\d\d:\d\d |left alone, since ")

# What no key, field or cell should hold; each as it is written in JSON.
ODD: tuple[object, ...] = (
    *(None, True, -1, 0, 1, 3, 10**9, 10**400, 1e308, -0.5, float("nan"), float("inf"), "", " ", ".", ".."),
    *("../../victim", "/victim", "victim/README", "~", "-", "-rf", "=HYPERLINK(1)", "a,b", "a=b", "x" * 300),
    *("\x00", "\x1b[2J", "\u202eabc", "a\nb", "é", "\ud800", "${oc.env:HOME}", "${nothing}", "???", "%s"),
    *([], [1], [[]], ["x"] * 5, {}, {"a": 1}, {"_target_": "os.system", "command": "touch PWNED"}),
    *("{_target_: os.mkdir, path: PWNED}", "[", "{", "'", "$(touch PWNED)", "; touch PWNED", "nan", "1e999"),
)


def amount(kind: str, usual: int) -> int:
    """How many inputs to draw: as many as CI tries, or this fuzzer's share of ``make fuzz``."""
    shares = {"overrides": 0.3, "packages": 0.25, "run_json": 0.35, "study_json": 0.08, "measures": 0.02}
    asked = int(os.environ.get("SOFTCORD_FUZZ", "0"))
    return max(usual, int(asked * shares[kind]))


def each(kind: str, draw: Callable[[random.Random], str], usual: int, attempt: Callable[[str], None]) -> None:
    """Try what the corpus keeps, then what seeds draw; tell all that failed, and keep it if asked."""
    failed: dict[str, BaseException] = {}
    for path in sorted((CORPUS / kind).glob("*.txt")):
        text = path.read_bytes().decode(errors="surrogateescape")
        _try(attempt, text, f"corpus/{kind}/{path.name}", failed)
    for seed in range(amount(kind, usual)):
        name, text = f"{kind}/{seed}", draw(random.Random(f"{kind} {seed}"))
        _try(attempt, text, name, failed)
        if name in failed and os.environ.get("SOFTCORD_FUZZ"):
            path = CORPUS / kind / f"{seed}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode(errors="surrogateescape"))
    said = [f"{name}: {type(error).__name__}: {error}"[:600] for name, error in failed.items()]
    assert not failed, "\n\n".join(said[:20])


def _try(attempt: Callable[[str], None], text: str, name: str, failed: dict[str, BaseException]) -> None:
    try:
        attempt(text)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        failed[name] = error


@dataclass(frozen=True)
class Watch:
    """Runs verbs in a folder beside which somebody's files lie, and looks at what they leave."""

    folder: Path
    capsys: pytest.CaptureFixture[str]

    @classmethod
    def beside_somebodys_files(cls, place: Path, capsys: pytest.CaptureFixture[str]) -> "Watch":
        """Make a folder with somebody's files beside it, and work there (pytest goes back after the test)."""
        for name in ("victim/README", "README"):
            path = place / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("mine")
        folder = place / "work"
        folder.mkdir()
        os.chdir(folder)
        return cls(folder, capsys)

    def run(self, verb: Callable[[list[str]], int], words: list[str], codes: Collection[int]) -> int:
        """Run a verb and hold it to what is promised of any input; return its exit code."""
        self.capsys.readouterr()
        memory, started = _peak_bytes(), time.process_time()
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)
            code = verb(words)
        said = self.capsys.readouterr()
        assert code in codes, (code, said.err)
        for line in said.err.splitlines():
            assert _SAID.match(line), f"no line of softcord: {line}"
        assert "Traceback" not in said.err + said.out, said
        assert "SOFTCORD_TRACEBACK" not in said.err, said.err
        assert not any(ord(one) < 32 and one != "\n" for one in said.err + said.out), said
        assert said.err or said.out or code == 0, "fails without a word"
        seconds, taken = time.process_time() - started, _peak_bytes() - memory
        assert seconds < MAX_S, f"took {seconds:.0f} s"
        assert taken < MAX_BYTES, f"took {taken / 1e9:.1f} GB"
        self.look()
        return code

    def look(self) -> None:
        """Nothing was run, nothing lies outside, nothing is half-written."""
        place = self.folder.parent
        there = [*place.iterdir(), *(place / "victim").iterdir()]
        expected = {place / "README", place / "victim", place / "victim/README", self.folder}
        assert set(there) == expected, f"outside: {set(there) ^ expected}"
        assert [(place / name).read_text() for name in ("README", "victim/README")] == ["mine", "mine"]
        for path in self.folder.rglob("*"):
            assert "PWNED" not in path.name, "code was run"
            assert not re.fullmatch(r"\.[0-9a-f]{12}.*", path.name), f"half-written: {path}"


def _peak_bytes() -> int:
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def mutated(content: object, draw: random.Random) -> object:
    """Return a JSON value with one of its leaves or branches replaced, dropped or doubled."""
    if isinstance(content, dict) and content and draw.random() < 0.9:
        key = draw.choice(sorted(content))
        if draw.random() < 0.1:
            return {name: value for name, value in content.items() if name != key}
        if draw.random() < 0.05:
            return {**content, f"{key}x": draw.choice(ODD)}
        return {**content, key: mutated(content[key], draw)}
    if isinstance(content, list) and content and draw.random() < 0.7:
        place = draw.randrange(len(content))
        changed = [*content[:place], mutated(content[place], draw), *content[place + 1 :]]
        return changed * 2 if draw.random() < 0.1 else changed
    return draw.choice(ODD)


def damaged(text: str, draw: random.Random) -> str:
    """Return a text cut, or with some of its characters changed."""
    if draw.random() < 0.4:
        return text[: draw.randrange(len(text) + 1)]
    letters = list(text)
    for _ in range(draw.randrange(1, 8)):
        letters[draw.randrange(len(letters))] = chr(draw.randrange(256))
    return "".join(letters)
