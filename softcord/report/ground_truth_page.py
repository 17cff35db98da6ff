"""The page of a dataset's ground truth: who has one, how well the contrasts agree, and pictures."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from softcord.draw.qc import overlay_bytes
from softcord.errors import DataError
from softcord.gt.dataset import DONE
from softcord.gt.report import by_contrast, details, headings
from softcord.io.files import write_text
from softcord.io.nifti import read_volume
from softcord.report.page import Block, Page, Picture, Text, render, table_of

_LEGEND = """share: part in the average over the soft mask. S-I: length with cord. carried: slices that follow
their nearest matched neighbour; unmoved: slices left where they were. before, after: distance of the centres
of mass to the reference's (mean before, largest after). Dice, area: aligned hard mask against the average.
CSA: over the study's vertebral levels, or the whole cord where there are no disc labels."""
_FAILURE = ["participant_id", "session_id", "contrast", "finding", "hint"]


def write_ground_truth_page(
    report: pd.DataFrame, path: Path, title: str, *, notes: Mapping[str, str], overlays: int = 60
) -> None:
    """Write the report as one HTML page with its pictures inside.

    Args:
        report: rows of `softcord.gt.dataset.build_dataset`, with CSA if `softcord.gt.measures.with_csa` was
            applied.
        path: the page.
        title: its heading.
        notes: what to say on top, by name (recipe, contrasts, ...).
        overlays: most pictures to draw; those with the worst agreement come first.
    """
    people, bad = (
        part[["participant_id", "session_id"]].drop_duplicates()
        for part in (report, report[report["status"] == "failed"])
    )
    shown = details(report)
    sections = {
        "Not built": _rows(report.loc[report["status"] == "failed", _FAILURE].fillna("")),
        "Contrasts": _rows(by_contrast(report)),
        "Participants": [Text(_LEGEND, is_hint=True), *_rows(shown, shown["status"])],
        "Overlays": list(_pictures(report, overlays)),
    }
    byline = f"{len(people) - len(bad)} of {len(people)} participants have a ground truth."
    write_text(path, render(Page(title, title, sections, byline, notes)))


def _rows(table: pd.DataFrame, row_styles: "pd.Series[str] | tuple[str, ...]" = ()) -> list[Block]:
    numbers = headings()
    return table_of(
        table,
        style=lambda column, _: "number" if column in numbers else "",
        row_styles=row_styles,
        at_most=len(table),
    )


def _pictures(report: pd.DataFrame, overlays: int) -> Iterator[Block]:
    done = report[report["status"].isin(DONE)].sort_values("dice_with_average", kind="stable")
    yield Text(
        f"{min(overlays, len(done))} of {len(done)} images, worst agreement with the average first. "
        "Above: outlines of the ground truth at 0.5 (yellow) and of the hard mask (blue); "
        "below: the ground truth from 0 (yellow) to 1 (red)."
    )
    for row in done.head(overlays).to_dict("records"):
        caption = f"{row['participant_id']} {row['session_id']} {row['contrast']}".replace(" n/a", "")
        yield _picture(row, caption)


def _picture(row: Mapping[Any, Any], caption: str) -> Block:
    try:
        hard_seg = None if pd.isna(row["hard_seg"]) else read_volume(row["hard_seg"])
        jpeg = overlay_bytes(read_volume(row["image"]), read_volume(row["gt_file"]), hard_seg)
    except DataError as error:
        return Text(f"{caption}: no picture, {error}")
    return Picture(caption, "jpeg", jpeg)
