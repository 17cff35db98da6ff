"""One writer of HTML: whatever text a page is given, it stays text."""

import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softcord.report.page import (
    Block,
    Cell,
    Details,
    Drawing,
    Heading,
    Items,
    Page,
    Picture,
    Sentences,
    Table,
    Text,
    Verdict,
    Viewer,
    render,
    render_fragment,
    table_of,
)

ROOT = Path(__file__).parents[2]
EVIL = "<script>alert(1)</script>\"'&</style>"
LIST = Table((EVIL,), ((Cell(EVIL),),))
BLOCKS: tuple[Block, ...] = (
    Text(EVIL),
    Text(EVIL, is_hint=True),
    Items((EVIL,)),
    Heading(EVIL),
    Verdict(EVIL, EVIL, ((EVIL, EVIL),), is_clear=False),
    Sentences((EVIL,)),
    Drawing(EVIL, b"<?xml?><svg></svg>"),
    LIST,
    Picture(EVIL, "png", EVIL.encode()),
    Details(EVIL, (Text(EVIL),), EVIL, EVIL),
    Viewer(LIST, ({"image": EVIL, "method": EVIL, "scores": EVIL, "jpeg": EVIL},), EVIL),
)


class Tags(HTMLParser):
    """The tags of a page and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[str, frozenset[str]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, frozenset(name for name, _ in attrs)))


def tags(html: str) -> list[tuple[str, frozenset[str]]]:
    parser = Tags()
    parser.feed(html)
    return parser.seen


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.kind)
def test_text_of_every_block_stays_text(block: Block) -> None:
    html = render_fragment([block])
    assert "alert(1)</script>" not in html
    assert ("script", frozenset()) not in tags(html)


@given(st.text(st.characters(exclude_categories=["Cs", "Cc"])))
def test_any_text_is_shown_as_it_is_and_makes_no_tag(text: str) -> None:
    html = render_fragment([Text(text)])
    assert [tag for tag, _ in tags(html)] == ["p"]
    assert unescape(re.search(r"<p>(.*)</p>", html, re.DOTALL)[1]) == text  # type: ignore[index]


@given(st.text(min_size=1))
def test_titles_names_and_notes_are_escaped_too(text: str) -> None:
    sections = {text: [Text("x")]}
    plain, page = (
        tags(render(Page(word, word, {key: blocks}, word, {word: word})))
        for word, (key, blocks) in (("x", ("x", [Text("x")])), (text, next(iter(sections.items()))))
    )
    assert plain == page


def test_only_a_page_with_something_to_press_may_run_scripts() -> None:
    quiet, viewer = (render(Page("a", "a", {"One": [block]})) for block in (BLOCKS[0], BLOCKS[-1]))
    assert "script-src" not in quiet
    assert "<script" not in quiet
    assert "script-src 'unsafe-inline'" in viewer


def test_sections_without_blocks_are_left_out_of_page_and_links() -> None:
    page = render(Page("a", "a", {"Full": [Text("x")], "Empty": []}))
    assert '<a href="#full">Full</a>' in page
    assert "Empty" not in page


def test_a_long_table_says_how_much_it_leaves_out() -> None:
    (table,) = table_of(pd.DataFrame({"row": range(10)}), at_most=3)
    assert isinstance(table, Table)
    assert (len(table.rows), table.left_out) == (3, 7)
    assert table_of(pd.DataFrame()) == []
    assert "7 more rows" in render_fragment([table])


def test_no_other_source_writes_html() -> None:
    tag = re.compile(r"</?(html|table|tr|td|th|div|p|li|ul|h[1-6]|span|section|img|style|figure)\b[^\n]*>")
    found = [
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "softcord").rglob("*.py")
        if tag.search(path.read_text(encoding="utf-8"))
    ]
    assert found == []
