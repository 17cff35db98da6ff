"""The summary on the page: the best in bold, stars on what is worse, both by the questions' tests."""

from collections.abc import Mapping, Sequence

import pandas as pd

from softcord.report.page import Cell, Table
from softcord.report.summary import SUMMARY_HEADINGS, summary_heading
from softcord.report.violin import star
from softcord.stats.best import Best, winner_of
from softcord.stats.frames import GROUND_TRUTH_PREFIX
from softcord.stats.words import number

MARK_NOTE = (
    "Bold: best by the corrected test, or not shown to be worse than any other, where a test tells some "
    "apart. "
    "Stars: worse than those in bold (* p < 0.05, ** p < 0.01, *** p < 0.001, corrected). "
    "Columns without either: no test told methods apart. Numbers are mean ± SD over participants."
)


def marked(summary: pd.DataFrame, answers: Sequence[Best], detailed: pd.DataFrame) -> Table:
    """Return the summary as a table; a metric is marked where a question tested it over all contrasts."""
    marks: dict[str, Mapping[str, str]] = {}
    for best in answers:
        tests = detailed[(detailed["asked"] == best.question) & (detailed["test"] == "wilcoxon")]
        is_whole = (tests["over"] == "").all() and (tests["unit_of_analysis"] == "participant").all()
        if best.metric in SUMMARY_HEADINGS and is_whole and best.leaders:
            marks.setdefault(summary_heading(best.metric), _marks(best, tests))
    columns = tuple(str(name) for name in summary.columns)
    rows, styles = [], []
    for row in summary.itertuples(index=False):
        method = str(row[0])
        rows.append(
            tuple(
                _cell(str(value), marks.get(name, {}).get(method, ""))
                for name, value in zip(columns, row, strict=True)
            )
        )
        styles.append("reference" if method.startswith(GROUND_TRUTH_PREFIX) else "")
    return Table(columns, tuple(rows), tuple(styles))


def _cell(text: str, mark: str) -> Cell:
    return Cell(text, "best") if mark == "best" else Cell(f"{text} {mark}".rstrip())


def _marks(best: Best, tests: pd.DataFrame) -> dict[str, str]:
    """Return ``best`` for the leaders, else the stars of the surest test against one of them.

    Where no method is behind the leaders nobody is marked: bold for all would say that all are best.
    """
    if {*tests["a"], *tests["b"]} <= {*best.leaders}:
        return {}
    marks = dict.fromkeys(best.leaders, "best") if best.answer != "only one" else {}
    for row in tests.to_dict("records"):
        a, b = str(row["a"]), str(row["b"])
        if (a in best.leaders) == (b in best.leaders) or winner_of(row) not in best.leaders:
            continue
        other = b if a in best.leaders else a
        stars = star(number(row, "p_adjusted"))
        if len(stars) > len(marks.get(other, "")):
            marks[other] = stars
    return marks
