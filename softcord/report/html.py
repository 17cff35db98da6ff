"""One page with all answers of a study."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from softcord.report.explained import explained
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
    Viewer,
    data_uri,
    render,
    table_of,
)
from softcord.report.summary_marks import MARK_NOTE
from softcord.report.tables import cell_text


@dataclass(frozen=True)
class Figure:
    """A figure of the report: SVG or PNG bytes with a caption."""

    caption: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Answer:
    """What the report says about one question; ``verdict`` is its answer in a line, where it has one."""

    question: str
    sentences: tuple[str, ...]
    table: pd.DataFrame
    figures: tuple[Figure, ...] = ()
    verdict: str = ""


@dataclass(frozen=True)
class QcImage:
    """One image of the visual check: its file's name without extension, who predicted it, and its mosaic."""

    image: str
    method: str
    scores: Mapping[str, str]
    jpeg: bytes


@dataclass(frozen=True)
class Report:
    """All that the page shows, in order; empty parts are left out.

    ``answer`` is the box at the top, ``marked`` the summary with the best marked, in place of the plain one.
    ``unseen`` says what was tested without being trained on.
    ``exclude_words`` say how the next run is given the images that are to be left out.
    """

    study: str
    byline: str
    summary: pd.DataFrame
    notes: tuple[str, ...] = ()
    expected: pd.DataFrame = field(default_factory=pd.DataFrame)
    answers: tuple[Answer, ...] = ()
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    figures: tuple[Figure, ...] = ()
    qc: tuple[QcImage, ...] = ()
    dropped: pd.DataFrame = field(default_factory=pd.DataFrame)
    provenance: pd.DataFrame = field(default_factory=pd.DataFrame)
    exclude_words: str = ""
    answer: tuple[Block, ...] = ()
    marked: Table | None = None
    soft_values: tuple[Block, ...] = ()
    unseen: str = ""


def page(report: Report) -> str:
    """Return the report as one HTML document with everything inside it."""
    sections: dict[str, Sequence[Block]] = {
        "Answer": report.answer,
        "Summary": [*_notes(report.notes), *_summary(report)],
        "Paper and here": _table(report.expected),
        "Questions": [block for answer in report.answers for block in _answer(answer)],
        "Figures": [_picture(figure) for figure in report.figures],
        "Soft values": report.soft_values,
        "Tables": [
            block
            for name, table in report.tables.items()
            if len(table)
            for block in (Heading(name), *_table(table))
        ],
        "Visual check": list(_viewer(report.qc, report.exclude_words)),
        "Dropped": _table(report.dropped) or [Text("Nobody was dropped.")],
        "Provenance": _table(report.provenance),
    }
    return render(Page(f"{report.study}: softcord report", report.study, sections, report.byline))


def _table(table: pd.DataFrame) -> list[Block]:
    return table_of(table, text=cell_text)


def _summary(report: Report) -> Iterator[Block]:
    if report.summary.empty:
        return
    if report.marked is None:
        yield from _table(report.summary)
    else:
        yield report.marked
        if report.unseen:
            yield Text(f"{report.unseen}; the means are over these, too.")
        yield Text(MARK_NOTE, is_hint=True)
    if words := explained(map(str, report.summary.columns)):
        yield Text(words, is_hint=True)


def _notes(notes: Sequence[str]) -> list[Block]:
    return [Items(tuple(notes))] if notes else []


def _answer(answer: Answer) -> Iterator[Block]:
    yield Heading(answer.question)
    if answer.verdict:
        yield Text(answer.verdict)
    yield from (_picture(figure) for figure in answer.figures)
    if answer.sentences:
        yield Sentences(answer.sentences)
    yield Details(f"Numbers ({len(answer.table)})", tuple(_table(answer.table)))


def _picture(figure: Figure) -> Block:
    if figure.kind == "svg":
        return Drawing(figure.caption, figure.content)
    return Picture(figure.caption, figure.kind, figure.content)


def _viewer(images: Sequence[QcImage], exclude_words: str) -> Iterator[Block]:
    if not images:
        return
    rows = tuple(
        tuple(Cell(text) for text in ("", image.image, image.method, *image.scores.values()))
        for image in images
    )
    entries = tuple(
        {
            "image": image.image,
            "method": image.method,
            "scores": "".join(f", {name} {value}" for name, value in image.scores.items()),
            "jpeg": data_uri("jpeg", image.jpeg),
        }
        for image in images
    )
    yield Viewer(Table(("", "image", "method", *images[0].scores), rows), entries, exclude_words)
