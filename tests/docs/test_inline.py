"""Keys and options that sentences and tables name (`loss=dicece`, `split.file=my_split.yaml`) are there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from softcord.app.verbs.fetch import WORDS as OF_FETCH
from tests.docs.blocks import PAGES, inline_code, name_of
from tests.docs.known_keys import wrong

# `key=value key=value`, with -m before it or not; one key at least.
_OVERRIDES = re.compile(r"(?:-m )?[+~]*[a-z][\w./@]*=\S*(?: .*)?")
# Words of a verb of their own.
_OF_VERBS = {*OF_FETCH, "method", "path", "pattern", "model"}
_PYTHON = {"docs/python.md"}
# Written to say how such words look, or what they once were called.
_EXAMPLES = {"key=value"}
_PAST = {"CHANGELOG.md"}


def named(code: str) -> Iterator[tuple[str, str]]:
    """The keys and values of a piece of code that is written as overrides."""
    try:
        words = shlex.split(code)
    except ValueError:
        return
    plain = " ".join(words)
    if not _OVERRIDES.fullmatch(plain) or code in _EXAMPLES:
        return
    for word in words:
        key, equals, value = word.lstrip("+~").partition("=")
        if equals and re.fullmatch(r"[a-z][\w./]*", key):
            yield key, value


@pytest.mark.parametrize("page", [page for page in PAGES if name_of(page) not in _PAST], ids=name_of)
def test_a_key_or_option_that_a_sentence_names_is_there(page: Path) -> None:
    if name_of(page) in _PYTHON:
        return
    found = [wrong(*one) for code in inline_code(page) for one in named(code) if one[0] not in _OF_VERBS]
    assert [one for one in found if one] == []


def test_many_are_looked_at_and_wrong_ones_would_be_found() -> None:
    assert len([one for page in PAGES for code in inline_code(page) for one in named(code)]) > 150
    for code in ("loss=awign", "-m baseline=none,softsegs", "split.fil=a.yaml", "train.epoch=2 gt=hard"):
        assert any(wrong(*one) for one in named(code)), code
