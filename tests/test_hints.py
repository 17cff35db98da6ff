"""Hints are worded in one place."""

import re
from pathlib import Path

from softcord.hints import and_more, did_you_mean, listed, nearest

ROOT = Path(__file__).parents[1]


def test_the_nearest_name_is_asked_for_whatever_its_capitals() -> None:
    assert did_you_mean("t1W", ["T1w", "T2w"]) == "Did you mean T1w?"
    assert nearest("zebra", ["T1w", "T2w"]) is None


def test_known_names_or_other_words_stand_where_none_is_near() -> None:
    assert did_you_mean("zebra", ["T1w", "T2w"]) == "Known: T1w, T2w"
    assert did_you_mean("zebra", ["T1w"], otherwise="Look it up") == "Look it up"


def test_lists_stay_short_and_say_how_much_is_left_out() -> None:
    assert listed(["a", "b", "c", "d"], 2) == "a, b and 2 more"
    assert listed(["a", "b"], 2) == "a, b"
    assert and_more(-1) == ""


def test_nothing_else_words_them() -> None:
    for path in (ROOT / "softcord").rglob("*.py"):
        if path.name != "hints.py":
            text = path.read_text(encoding="utf-8")
            assert "get_close_matches" not in text, path
            assert "Did you mean {" not in text, path
            assert re.search(r"and \{[^}]+\} more", text) is None, path
