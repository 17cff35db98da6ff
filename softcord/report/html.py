"""One page with all answers of a study: opens without a server and asks the network for nothing."""

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path

import pandas as pd

from softcord.report.tables import cell_text

_HERE = Path(__file__).parent
# The browser itself is told to refuse any request.
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_ROWS_AT_MOST = 300
_WIDE_CELL = 60


@dataclass(frozen=True)
class Figure:
    """A figure of the report: SVG or PNG bytes with a caption."""

    caption: str
    kind: str
    content: bytes


@dataclass(frozen=True)
class Answer:
    """What the report says about one question."""

    question: str
    sentences: tuple[str, ...]
    table: pd.DataFrame
    figures: tuple[Figure, ...] = ()


@dataclass(frozen=True)
class QcImage:
    """One image of the visual check: its file's name without extension, who predicted it, and its mosaic."""

    image: str
    method: str
    scores: Mapping[str, str]
    jpeg: bytes


@dataclass(frozen=True)
class Report:
    """All that the page shows, in order; empty parts are left out."""

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


def page(report: Report) -> str:
    """Return the report as one HTML document with everything inside it."""
    parts = {
        "Summary": _notes(report.notes) + _table(report.summary),
        "Paper and here": _table(report.expected),
        "Questions": "".join(_answer(answer) for answer in report.answers),
        "Figures": "".join(_figure(figure) for figure in report.figures),
        "Tables": "".join(
            f"<h3>{escape(name)}</h3>{_table(t)}" for name, t in report.tables.items() if len(t)
        ),
        "Visual check": _viewer(report.qc),
        "Dropped": _table(report.dropped) if len(report.dropped) else "<p>Nobody was dropped.</p>",
        "Provenance": _table(report.provenance),
    }
    shown = {title: body for title, body in parts.items() if body}
    links = "".join(f'<a href="#{_anchor(title)}">{escape(title)}</a>' for title in shown)
    sections = "".join(
        f'<section id="{_anchor(title)}"><h2>{escape(title)}</h2>{body}</section>'
        for title, body in shown.items()
    )
    style, script = ((_HERE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    study = escape(report.study, quote=True)
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        f'<meta name="viewport" content="width=device-width">\n<title>{study}: softcord report</title>\n'
        f'<style>\n{style}</style>\n</head>\n<body data-study="{study}">\n'
        f"<nav><strong>softcord</strong>{links}</nav>\n<main>\n<h1>{study}</h1>\n"
        f'<p class="byline">{escape(report.byline)}</p>\n{sections}\n</main>\n'
        f"<script>\n{script}</script>\n</body>\n</html>\n"
    )


def data_uri(kind: str, content: bytes) -> str:
    """Return bytes as a URI that needs no file."""
    return f"data:image/{kind};base64,{b64encode(content).decode()}"


def _anchor(title: str) -> str:
    return title.lower().replace(" ", "-")


def _notes(notes: Sequence[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f'<ul class="notes">{items}</ul>' if items else ""


def _answer(answer: Answer) -> str:
    sentences = "".join(f"<li>{escape(sentence)}</li>" for sentence in answer.sentences)
    figures = "".join(_figure(figure) for figure in answer.figures)
    return (
        f"<h3>{escape(answer.question)}</h3><ul class='sentences'>{sentences}</ul>{figures}"
        f"<details><summary>Numbers ({len(answer.table)})</summary>{_table(answer.table)}</details>"
    )


def _figure(figure: Figure) -> str:
    kind = "svg+xml" if figure.kind == "svg" else figure.kind
    caption = escape(figure.caption)
    source = data_uri(kind, figure.content)
    return f'<figure><img alt="{caption}" src="{source}"><figcaption>{caption}</figcaption></figure>'


def _table(table: pd.DataFrame) -> str:
    if table.empty:
        return ""
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.columns)
    rows = "".join(
        f"<tr>{''.join(_cell(value) for value in row)}</tr>"
        for row in table.head(_ROWS_AT_MOST).itertuples(index=False)
    )
    left = len(table) - _ROWS_AT_MOST
    more = f"<p class='hint'>{left} more rows are in the files beside this page.</p>" if left > 0 else ""
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>{more}'
    )


def _cell(value: object) -> str:
    text = cell_text(value)
    kind = text if text in ("yes", "no") else "wide" if len(text) > _WIDE_CELL else ""
    return f'<td class="{kind}">{escape(text)}</td>' if kind else f"<td>{escape(text)}</td>"


def _viewer(images: Sequence[QcImage]) -> str:
    if not images:
        return ""
    scores = list(images[0].scores)
    head = "".join(f"<th>{escape(name)}</th>" for name in ("", "image", "method", *scores))
    rows = "".join(
        f"<tr><td></td>{''.join(_cell(text) for text in (i.image, i.method, *i.scores.values()))}</tr>"
        for i in images
    )
    return (
        "<p class='hint'>Worst first. <kbd>←</kbd> <kbd>→</kbd> move, <kbd>F</kbd> rates pass, fail or "
        "artefact, <kbd>S</kbd> saves the fails as the exclude list of the next run (data.exclude=FILE). "
        "<span class='swatch' style='background:#ffd600'></span>prediction at 0.5, "
        "<span class='swatch' style='background:#29c26b'></span>ground truth at 0.5; "
        "soft prediction 0 <span class='scale'></span> 1. Patient's right is on the left.</p>"
        f"<div id='viewer'><div class='list'><table><thead><tr>{head}</tr></thead>"
        f"<tbody>{rows}</tbody></table></div>"
        "<div class='shown'><div id='qc-title'></div><img id='qc-image' alt='axial slices'>"
        "<div class='bar'><span id='qc-rating'></span><button id='qc-rate'>Rate (F)</button>"
        "<button id='qc-save'>Save fails</button></div></div></div>"
        f'<script type="application/json" id="qc-data">{_qc_json(images)}</script>'
    )


def _qc_json(images: Sequence[QcImage]) -> str:
    entries = [
        {
            "image": image.image,
            "method": image.method,
            "scores": "".join(f", {name} {value}" for name, value in image.scores.items()),
            "jpeg": data_uri("jpeg", image.jpeg),
        }
        for image in images
    ]
    # A closing tag inside a name must not end the script.
    return json.dumps(entries).replace("<", "\\u003c")
