"""The report on a dataset's ground truth: a table, and one page that needs nothing beside it."""

import base64
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Any

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.draw.qc import overlay_bytes
from softcord.errors import DataError
from softcord.gt.dataset import DONE
from softcord.io.files import write_text
from softcord.io.nifti import read_volume

# Column of the report: heading and format on the page.
NUMBERS = {
    "weight_share": ("share", "{:.2f}"),
    "coverage_mm": ("S-I (mm)", "{:.0f}"),
    "slices_carried": ("carried", "{:.0f}"),
    "slices_unmoved": ("unmoved", "{:.0f}"),
    "residual_before_mm": ("before (mm)", "{:.2f}"),
    "residual_after_mm": ("after (mm)", "{:.3f}"),
    "rotation_max_deg": ("turned (°)", "{:.1f}"),
    "dice_with_average": ("Dice", "{:.3f}"),
    "area_vs_average_pct": ("area (%)", "{:+.1f}"),
    "csa_hard_mm2": ("CSA hard (mm²)", "{:.1f}"),
    "csa_gt_mm2": ("CSA GT (mm²)", "{:.1f}"),
}
_LEGEND = """share: part in the average over the soft mask. S-I: length with cord. carried: slices that follow
their nearest matched neighbour; unmoved: slices left where they were. before, after: distance of the centres
of mass to the reference's (mean before, largest after). Dice, area: aligned hard mask against the average.
CSA: over the study's vertebral levels, or the whole cord where there are no disc labels."""
_STYLE = """body{font:14px/1.4 system-ui,sans-serif;margin:2em auto;max-width:1200px;color:#222}
table{border-collapse:collapse;margin:1em 0}figure{margin:1em 0}img{max-width:100%}
td,th{padding:2px 8px;text-align:right;border-bottom:1px solid #ddd}
th{position:sticky;top:0;background:#fff}.word{text-align:left}
.failed td{background:#fdd}.missing td{background:#fff3cd}"""


def write_csv(report: pd.DataFrame, path: Path) -> None:
    """Write the report as CSV, n/a for what does not apply; whole or not at all."""
    write_text(path, report.to_csv(index=False, na_rep="n/a", lineterminator="\n"))


def write_html(
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
    parts = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{escape(title)}</title>",
        f"<style>{_STYLE}</style><h1>{escape(title)}</h1>",
        *(f"<p><b>{escape(name)}</b>: {escape(text)}</p>" for name, text in notes.items()),
        *_problems(report),
        "<h2>Contrasts</h2>",
        *_table(by_contrast(report).to_dict("records")),
        f"<h2>Participants</h2><p>{_LEGEND}</p>",
        *_table(_details(report)),
        *_pictures(report, overlays),
    ]
    write_text(path, "\n".join(parts))


def by_contrast(report: pd.DataFrame) -> pd.DataFrame:
    """Summarise a report: a row per contrast with counts, and means over participants."""
    rows = []
    for contrast in [key for key in CONTRASTS if key in set(report["contrast"])]:
        own = report[report["contrast"] == contrast]
        done = own[own["status"].isin(DONE)]
        means = {column: done[column].astype(float).mean() for column in NUMBERS if column in done}
        counts: dict[str, object] = {
            role: int((done["role"] == role).sum()) for role in ("averaged", "received")
        }
        counts |= {status: int((own["status"] == status).sum()) for status in ("missing", "failed")}
        rows.append({"contrast": CONTRASTS[contrast].label} | counts | _formatted(means))
    return pd.DataFrame(rows)


def _formatted(row: Mapping[Any, Any]) -> dict[str, str]:
    """Return the numbers of a row as text under the page's headings; empty where there is none."""
    known = {column: row[column] for column in NUMBERS if column in row}
    return {
        NUMBERS[column][0]: "" if _is_missing(value) else NUMBERS[column][1].format(float(value))
        for column, value in known.items()
    }


def _is_missing(value: Any) -> bool:
    return bool(pd.isna(value))


def _problems(report: pd.DataFrame) -> Iterable[str]:
    failed = report[report["status"] == "failed"]
    people = report[["participant_id", "session_id"]].drop_duplicates()
    bad = failed[["participant_id", "session_id"]].drop_duplicates()
    yield f"<p>{len(people) - len(bad)} of {len(people)} participants have a ground truth.</p>"
    if len(failed):
        yield "<h2>Not built</h2>"
        columns = ["participant_id", "session_id", "contrast", "finding", "hint"]
        yield from _table(failed[columns].fillna("").to_dict("records"))


def _details(report: pd.DataFrame) -> list[dict[str, Any]]:
    columns = ("participant_id", "session_id", "contrast", "status", "role")
    return [
        {column: "" if _is_missing(row[column]) else row[column] for column in columns}
        | _formatted(row)
        | {"finding": "" if _is_missing(row["finding"]) else row["finding"]}
        for row in report.to_dict("records")
    ]


def _table(rows: list[dict[Any, Any]]) -> Iterable[str]:
    if not rows:
        return
    numbers = {heading for heading, _ in NUMBERS.values()}
    yield "<table><tr>" + "".join(f"<th>{escape(str(name))}</th>" for name in rows[0]) + "</tr>"
    for row in rows:
        cells = (
            f"<td{'' if name in numbers else ' class=word'}>{escape(str(value))}</td>"
            for name, value in row.items()
        )
        yield f"<tr class='{escape(str(row.get('status', '')))}'>{''.join(cells)}</tr>"
    yield "</table>"


def _pictures(report: pd.DataFrame, overlays: int) -> Iterable[str]:
    done = report[report["status"].isin(DONE)].sort_values("dice_with_average", kind="stable")
    yield "<h2>Overlays</h2>"
    yield (
        f"<p>{min(overlays, len(done))} of {len(done)} images, worst agreement with the average first. "
        "Above: outlines of the ground truth at 0.5 (yellow) and of the hard mask (green); "
        "below: the ground truth from 0 (yellow) to 1 (red).</p>"
    )
    for row in done.head(overlays).to_dict("records"):
        caption = f"{row['participant_id']} {row['session_id']} {row['contrast']}".replace(" n/a", "")
        yield _figure(row, escape(caption))


def _figure(row: Mapping[Any, Any], caption: str) -> str:
    # draws with matplotlib, which is slow to import and only needed here

    try:
        hard_seg = None if _is_missing(row["hard_seg"]) else read_volume(row["hard_seg"])
        jpeg = overlay_bytes(read_volume(row["image"]), read_volume(row["gt_file"]), hard_seg)
    except DataError as error:
        return f"<figure><figcaption>{caption}: no picture, {escape(str(error))}</figcaption></figure>"
    source = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
    return f"<figure><figcaption>{caption}</figcaption><img alt='{caption}' src='{source}'></figure>"
