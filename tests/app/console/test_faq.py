"""docs/faq.md answers twenty questions; tests/docs holds its commands against softcord."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[3] / "docs/faq.md").read_text(encoding="utf-8")


def test_there_are_twenty_questions() -> None:
    assert [int(n) for n in re.findall(r"^\*\*(\d+)\. ", PAGE, re.MULTILINE)] == list(range(1, 21))
