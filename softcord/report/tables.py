"""Tables for a paper: mean ± SD with direction and optimum in the header, as CSV, Markdown and LaTeX."""

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import pandas as pd

from softcord.contrasts import contrast_label
from softcord.io.files import write_text
from softcord.io.names import file_name
from softcord.io.tables import MISSING, write_table
from softcord.measure.metrics import METRICS
from softcord.plain import plain
from softcord.report.order import contrast_order, method_order
from softcord.report.summary import ARROWS, lay_out

PRINTED_UP_TO = 200
UNSEEN_MARK = " (not trained on)"
_LATEX = {
    "\\": r"\textbackslash{}", "_": r"\_", "%": r"\%", "&": r"\&", "#": r"\#", "±": r"$\pm$",
    "↑": r"$\uparrow$", "↓": r"$\downarrow$", "²": r"$^2$", "³": r"$^3$", "−": r"$-$", "|": r"$|$",
    "<": r"$<$", ">": r"$>$", "°": r"$^\circ$", "$": r"\$", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}",
}  # fmt: skip


def heading(metric: str) -> str:
    """Column heading of a metric: label, arrow towards better and optimum (``Dice ↑, optimum 1``)."""
    if metric not in METRICS:
        return metric
    row = METRICS[metric]
    optimum = "" if row.optimum is None else f", optimum {row.optimum:g}"
    return f"{row.label}{ARROWS[row.better]}{optimum}"


def method_table(described: pd.DataFrame, metrics: Sequence[str]) -> pd.DataFrame:
    """Lay out :func:`softcord.stats.describe.describe` with a row per method (the paper's Table 2)."""
    return lay_out(described, _headings(metrics), "method", method_order(described["method"].unique()))


def contrast_table(
    described: pd.DataFrame, method: str, metrics: Sequence[str], unseen: Collection[str] = ()
) -> pd.DataFrame:
    """Lay out one method of :func:`~softcord.stats.describe.describe_contrasts` by contrast (Table 1).

    ``unseen`` are the contrasts that it was not trained on, which are marked.
    """
    own = described[described["method"] == method]
    table = lay_out(own, _headings(metrics), "contrast", contrast_order(own["contrast"].unique()))
    labels = (f"{contrast_label(key)}{UNSEEN_MARK if key in unseen else ''}" for key in table["contrast"])
    return table.assign(contrast=list(labels))


def _headings(metrics: Sequence[str]) -> dict[str, str]:
    return {metric: heading(metric) for metric in metrics}


def write_tables(table: pd.DataFrame, folder: Path, name: str) -> None:
    """Write one table as ``name.csv``, and, if it can be read on paper, as ``name.md`` and ``name.tex``."""
    write_table(folder / file_name(name, ".csv"), table)
    if len(table) > PRINTED_UP_TO:
        return
    write_text(folder / file_name(name, ".md"), markdown(table))
    write_text(folder / file_name(name, ".tex"), latex(table))


def markdown(table: pd.DataFrame) -> str:
    """Write a table as GitHub-flavoured Markdown; numbers with four significant digits."""
    head, *rows = _text_rows(table)
    escaped = [[_markdown(cell) for cell in row] for row in (head, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in escaped]
    return "\n".join([lines[0], "|" + "---|" * len(head), *lines[1:]]) + "\n"


def latex(table: pd.DataFrame) -> str:
    """Write a table as a LaTeX ``tabular`` (booktabs)."""
    head, *rows = ([_latex(cell) for cell in row] for row in _text_rows(table))
    body = [" & ".join(row) + r" \\" for row in rows]
    lines = [
        rf"\begin{{tabular}}{{l{'r' * (len(head) - 1)}}}",
        r"\toprule",
        " & ".join(head) + r" \\",
        r"\midrule",
        *body,
        r"\bottomrule",
        r"\end{tabular}",
    ]
    return "\n".join(lines) + "\n"


def cell_text(value: object) -> str:
    """Write one value of a table as text: missing as n/a, numbers with four significant digits."""
    if isinstance(value, float):
        return MISSING if pd.isna(value) else f"{value:.4g}"
    return plain(str(value))


def _text_rows(table: pd.DataFrame) -> list[list[str]]:
    rows = [[cell_text(cell) for cell in row] for row in table.itertuples(index=False)]
    return [[plain(str(name)) for name in table.columns], *rows]


def _markdown(text: str) -> str:
    """Keep a cell a cell: no column of its own, no link, picture or tag that a page would fetch or run."""
    return re.sub(r"[\\|\[\]<>`]", r"\\\g<0>", text)


def _latex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in text)
