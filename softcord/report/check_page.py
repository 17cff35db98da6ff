"""The page of a checked dataset: what there is, what is wrong with it, and who has what."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from softcord.data.checks.dataset import DatasetCheck
from softcord.data.checks.findings import count_by_severity, findings_table, summarise
from softcord.data.checks.tables import ABSENT, contrast_table, matrix, relative
from softcord.io.files import write_text
from softcord.report.page import Block, Details, Page, Text, render, table_of

_STATES = {"○": "not_downloaded", "✗": "broken", ABSENT: "absent"}
_LEGEND = (
    "● image here, ○ not downloaded, ✗ broken, – none; h hard mask, s soft label, b binarised soft label, "
    "d disc labels, l vertebral levels."
)


def write_check_page(path: Path | str, check: DatasetCheck) -> None:
    """Write the check as one HTML page that needs nothing else."""
    counts = ", ".join(f"{n} {severity}s" for severity, n in count_by_severity(check.findings).items())
    people = check.table["participant_id"].nunique()
    sections = {
        "Contrasts": table_of(contrast_table(check)),
        "Findings": list(_findings(check)) or [Text("None.")],
        "Participants": [Text(_LEGEND, is_hint=True), *_matrix(matrix(check))],
    }
    byline = f"{check.root}: {people} participants, {len(check.table)} images: {counts}."
    write_text(path, render(Page(check.root.name, f"Check of {check.root.name}", sections, byline)))


def _matrix(cells: pd.DataFrame) -> list[Block]:
    return table_of(
        cells.reset_index(),
        style=lambda column, text: "" if column == "participant" else _STATES.get(text[:1], ""),
        at_most=len(cells),
    )


def _findings(check: DatasetCheck) -> Iterator[Block]:
    if not check.findings:
        return
    table = findings_table(check.findings)
    for summary in summarise(check.findings):
        rows = table[(table["what"] == summary.what) & (table["severity"] == summary.severity)]
        files = rows[["file", "detail"]].assign(file=[relative(file, check.root) for file in rows["file"]])
        shown = table_of(
            files, style=lambda column, _: "file" if column == "file" else "", at_most=len(files)
        )
        yield Details(f"{summary.what}: {summary.count}", tuple(shown), summary.severity, summary.hint)
