"""The one writer of HTML: a page is a list of sections, a section a list of blocks, all text escaped.

Pages open without a server and ask the network for nothing: style, scripts and pictures are inside.
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar

import pandas as pd
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from softcord.report.rating_words import rating_words

_TEMPLATES = Path(__file__).parent / "templates"
ROWS_AT_MOST = 300
_WIDE_CELL = 60


@dataclass(frozen=True)
class Text:
    """A paragraph; a hint is set apart from what it explains."""

    kind: ClassVar[str] = "text"
    text: str
    is_hint: bool = False


@dataclass(frozen=True)
class Items:
    """A list: ``notes`` are what to know first, ``sentences`` are answers."""

    kind: ClassVar[str] = "items"
    items: tuple[str, ...]
    style: str = "notes"


@dataclass(frozen=True)
class Verdict:
    """A box with the answer to a question and the facts it rests on, as (label, text).

    ``is_clear`` sets a found answer apart from "cannot tell"; the words say it too.
    """

    kind: ClassVar[str] = "verdict"
    question: str
    answer: str
    facts: tuple[tuple[str, str], ...]
    is_clear: bool


@dataclass(frozen=True)
class Sentences:
    """Sentences for a paper, folded away, with a button that copies them all."""

    kind: ClassVar[str] = "sentences"
    items: tuple[str, ...]


@dataclass(frozen=True)
class Drawing:
    """A figure as SVG in the page itself, so that its text can be found and its links followed.

    ``svg`` is what matplotlib wrote, which escapes all text; ``caption`` says what it shows.
    """

    kind: ClassVar[str] = "drawing"
    caption: str
    svg: bytes

    @property
    def markup(self) -> Markup:
        """The drawing without the head of a file of its own."""
        text = self.svg.decode("utf-8")
        return Markup(text[text.index("<svg") :])


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    kind: ClassVar[str] = "heading"
    text: str


@dataclass(frozen=True)
class Cell:
    """One cell of a table; ``style`` is a class of the stylesheet, or none, ``file`` what it leads to beside
    the page.
    """

    text: str
    style: str = ""
    file: str = ""


@dataclass(frozen=True)
class Table:
    """A table; ``row_styles`` are classes of the stylesheet, one a row, or none at all."""

    kind: ClassVar[str] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    row_styles: tuple[str, ...] = ()
    left_out: int = 0

    def styles(self) -> tuple[str, ...]:
        """Return a class for each row."""
        return self.row_styles or ("",) * len(self.rows)


@dataclass(frozen=True)
class Picture:
    """A picture as it is in its file (``svg``, ``png``, ``jpeg``), and what it shows."""

    kind: ClassVar[str] = "picture"
    caption: str
    format: str
    content: bytes

    @property
    def uri(self) -> str:
        """The picture as a URI that needs no file."""
        return data_uri(self.format, self.content)


@dataclass(frozen=True)
class Details:
    """Blocks that are folded away below a summary; ``label`` is a word before it, in the style it names."""

    kind: ClassVar[str] = "details"
    summary: str
    blocks: tuple["Block", ...]
    label: str = ""
    hint: str = ""


@dataclass(frozen=True)
class Viewer:
    """Pictures to go through by keyboard and to rate; ``entries`` are what viewer.js shows of each.

    ``exclude_words`` say how the next run is given the list of those that failed.
    """

    kind: ClassVar[str] = "viewer"
    list: Table
    entries: tuple[Mapping[str, str], ...]
    exclude_words: str = ""


@dataclass(frozen=True)
class Review:
    """Masks to go through and rate, their pictures in files beside the page; review.js shows them.

    ``entries`` and ``ratings`` are what it shows of each mask, and what was said of it; ``is_served`` says
    whether a server takes ratings, or the browser keeps them, under the name ``store``.
    """

    kind: ClassVar[str] = "review"
    entries: tuple[Mapping[str, object], ...]
    ratings: tuple[Mapping[str, object], ...] = ()
    rater: str = ""
    is_served: bool = False
    store: str = ""


Block = Text | Items | Verdict | Sentences | Drawing | Heading | Table | Picture | Details | Viewer | Review


@dataclass(frozen=True)
class Page:
    """A page: a title, a line below it, and sections by title in order; sections without blocks are left out.

    ``name`` is the page's own heading and what the viewer calls its lists.
    """

    title: str
    name: str
    sections: Mapping[str, Sequence[Block]]
    byline: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)


def render(page: Page) -> str:
    """Return the page as one HTML document with everything inside it."""
    shown = {title: blocks for title, blocks in page.sections.items() if blocks}
    scripts = {
        name: any(isinstance(block, kind) for blocks in shown.values() for block in blocks)
        for name, kind in (("viewer.js", Viewer), ("review.js", Review), ("copy.js", Sentences))
    }
    return (
        _environment()
        .get_template("page.html")
        .render(
            page=page,
            sections=[(title, title.lower().replace(" ", "-"), blocks) for title, blocks in shown.items()],
            style=_asset("page.css"),
            scripts=[_asset(name) for name, is_used in scripts.items() if is_used],
            has_files=scripts["review.js"],
        )
    )


def render_fragment(blocks: Sequence[Block]) -> str:
    """Return blocks as HTML without a page around them, as a notebook shows it."""
    return _environment().get_template("fragment.html").render(blocks=blocks)


def table_of(
    frame: pd.DataFrame,
    *,
    text: Callable[[object], str] = str,
    style: Callable[[str, str], str] | None = None,
    row_styles: Iterable[str] = (),
    at_most: int = ROWS_AT_MOST,
) -> list[Block]:
    """Return a data frame as a table, or nothing where it is empty.

    Args:
        frame: the table; ``at_most`` of its rows are shown, and a line says how many are not.
        text: writes a value.
        style: gives the class of a cell by column and text; by default that of answers and long texts.
        row_styles: class of each row.
        at_most: rows to show.
    """
    if frame.empty:
        return []
    columns = tuple(str(name) for name in frame.columns)
    styled = style or _style
    rows = tuple(
        tuple(Cell(text(value), styled(name, text(value))) for name, value in zip(columns, row, strict=True))
        for row in frame.head(at_most).itertuples(index=False)
    )
    return [Table(columns, rows, tuple(row_styles)[:at_most], max(0, len(frame) - at_most))]


def data_uri(kind: str, content: bytes) -> str:
    """Return a picture's bytes as a URI that needs no file."""
    media = "svg+xml" if kind == "svg" else kind
    return f"data:image/{media};base64,{b64encode(content).decode()}"


def _style(column: str, text: str) -> str:
    return text if text in ("yes", "no") else "wide" if len(text) > _WIDE_CELL else ""


@cache
def _environment() -> Environment:
    found = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.globals["rating_words"] = rating_words()
    return found


@cache
def _asset(name: str) -> Markup:
    """Return a file of our own, which is markup as it stands."""
    return Markup((_TEMPLATES / name).read_text(encoding="utf-8"))
