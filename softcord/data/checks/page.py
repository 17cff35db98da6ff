"""Show a checked dataset: tables for the terminal and one HTML page."""

import os
from collections import Counter
from html import escape
from pathlib import Path
from tempfile import NamedTemporaryFile

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.data.bids import NO_SESSION
from softcord.data.checks.dataset import DatasetCheck
from softcord.data.checks.findings import count_by_severity, findings_table, summarise

# One letter a label kind, in the cells of the matrix.
LETTERS = {"hard_seg": "h", "soft_seg": "s", "soft_bin_seg": "b", "discs": "d", "levels": "l"}
ABSENT = "–"
_NOT_HERE = {"not_downloaded": "○", "broken": "✗"}

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1b1f24; max-width: 70rem; margin: 2rem auto; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2.2rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { text-align: left; padding: .2rem .7rem; border-bottom: 1px solid #e4e7eb; vertical-align: top }
th { position: sticky; top: 0; background: #fff }
code, td.file { font: 13px ui-monospace, monospace; overflow-wrap: anywhere }
.error { color: #b3261e } .warning { color: #8a5300 } .note { color: #55606e }
td.absent { color: #b0b7c0 } td.not_downloaded { background: #eef2f7 } td.broken { background: #fbe3e1 }
summary { cursor: pointer; margin: .3rem 0 } summary small { color: #55606e }
"""


def contrast_table(check: DatasetCheck) -> pd.DataFrame:
    """One row per contrast: counts of images and labels, orientation, resolution and field of view.

    Orientation and voxel size are the most frequent ones, the field of view (mm, superior to inferior) is
    median and range. They are empty where no header was read.
    """
    rows = []
    for contrast in _contrasts(check):
        group = check.table[check.table["contrast"] == contrast]
        images = check.volumes[(check.volumes["kind"] == "image") & (check.volumes["contrast"] == contrast)]
        rows.append(
            {
                "contrast": contrast,
                "images": len(group),
                "here": int((group["image_state"] == "present").sum()),
                **{kind: int(group[kind].notna().sum()) for kind in LETTERS},
                **_geometry(images),
            }
        )
    return pd.DataFrame(rows)


def _contrasts(check: DatasetCheck) -> list[str]:
    there = set(check.table["contrast"])
    return [contrast for contrast in CONTRASTS if contrast in there]


def _geometry(images: pd.DataFrame) -> dict[str, str]:
    if images.empty:
        return {"orientation": "", "voxel_mm": "", "fov_si_mm": ""}
    orientations, sizes = Counter(images["orientation"]), Counter(images["spacing_mm"])
    (orientation, count), (spacing_mm, _) = orientations.most_common(1)[0], sizes.most_common(1)[0]
    share = "" if len(orientations) == 1 else f" ({count} of {len(images)})"
    others = "" if len(sizes) == 1 else f" and {len(sizes) - 1} other"
    fov = images["fov_si_mm"]
    return {
        "orientation": f"{orientation}{share}",
        "voxel_mm": " x ".join(f"{size:g}" for size in spacing_mm) + others,
        "fov_si_mm": f"{fov.median():.0f} ({fov.min():.0f} to {fov.max():.0f})",
    }


def matrix(check: DatasetCheck) -> pd.DataFrame:
    """Participants (and sessions) by contrasts: which labels each image has, as letters.

    h hard mask, s soft label, b binarised soft label, d discs, l levels; a circle for an image that is not
    downloaded, a cross for a broken one, a dash for none.
    """
    cells: dict[str, dict[str, str]] = {}
    for row in check.table.itertuples(index=False):
        visit = (
            row.participant_id if row.session_id == NO_SESSION else f"{row.participant_id} {row.session_id}"
        )
        letters = "".join(letter for kind, letter in LETTERS.items() if getattr(row, kind) is not None)
        mark = _NOT_HERE.get(str(row.image_state), "●")
        cells.setdefault(str(visit), {})[str(row.contrast)] = f"{mark} {letters}".rstrip()
    contrasts = _contrasts(check)
    rows = [[there.get(contrast, ABSENT) for contrast in contrasts] for there in cells.values()]
    return pd.DataFrame(rows, index=pd.Index(cells, name="participant"), columns=contrasts)


def findings_text(check: DatasetCheck) -> str:
    """Two lines per kind of finding, worst first: how many and the first file, and what to do."""
    lines = []
    for one in summarise(check.findings):
        more = f" and {one.count - 1} more" if one.count > 1 else ""
        lines.append(f"{one.severity:8} {one.what}: {_relative(one.examples[0], check.root)}{more}")
        lines += [f"{'':8} {one.hint}"] if one.hint else []
    return "\n".join(lines or ["nothing found"])


def write_page(path: Path | str, check: DatasetCheck) -> None:
    """Write the check as one HTML page that needs nothing else, under a temporary name first."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", dir=path.parent, suffix=".part", delete=False, encoding="utf-8") as stream:
        stream.write(_page(check))
    os.chmod(stream.name, 0o644)
    os.replace(stream.name, path)


def _page(check: DatasetCheck) -> str:
    counts = ", ".join(
        f"{count} {severity}s" for severity, count in count_by_severity(check.findings).items()
    )
    people = check.table["participant_id"].nunique()
    return "\n".join(
        [
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(check.root.name)}</title>',
            f"<style>{_STYLE}</style><h1>Check of {escape(check.root.name)}</h1>",
            f"<p><code>{escape(str(check.root))}</code><br>{people} participants, {len(check.table)} images: "
            f"{counts}.</p>",
            "<h2>Contrasts</h2>",
            _table(contrast_table(check)),
            "<h2>Findings</h2>",
            _findings(check),
            "<h2>Participants</h2>",
            "<p>● image here, ○ not downloaded, ✗ broken, – none; h hard mask, s soft label, "
            "b binarised soft label, d disc labels, l vertebral levels.</p>",
            _matrix(matrix(check)),
            "</html>",
        ]
    )


def _table(table: pd.DataFrame) -> str:
    head = "".join(f"<th>{escape(str(column))}" for column in table.columns)
    rows = ("".join(f"<td>{escape(str(value))}" for value in row) for row in table.itertuples(index=False))
    return f"<table><tr>{head}" + "".join(f"<tr>{row}" for row in rows) + "</table>"


def _matrix(cells: pd.DataFrame) -> str:
    states = {"○": "not_downloaded", "✗": "broken", ABSENT: "absent"}
    head = "".join(f"<th>{escape(str(column))}" for column in ("participant", *cells.columns))
    rows = (
        f"<tr><td>{escape(str(visit))}"
        + "".join(f'<td class="{states.get(str(cell)[0], "")}">{escape(str(cell))}' for cell in row)
        for visit, *row in cells.itertuples()
    )
    return f"<table><tr>{head}{''.join(rows)}</table>"


def _findings(check: DatasetCheck) -> str:
    if not check.findings:
        return "<p>None.</p>"
    table = findings_table(check.findings)
    parts = []
    for summary in summarise(check.findings):
        rows = table[(table["what"] == summary.what) & (table["severity"] == summary.severity)]
        hint = f" <small>{escape(summary.hint)}</small>" if summary.hint else ""
        items = "".join(
            f'<tr><td class="file">{escape(_relative(row.file, check.root))}<td>{escape(str(row.detail))}'
            for row in rows.itertuples()
        )
        parts.append(
            f'<details><summary><span class="{summary.severity}">{summary.severity}</span> '
            f"{escape(summary.what)}: {summary.count}{hint}</summary><table>{items}</table></details>"
        )
    return "".join(parts)


def _relative(path: object, root: Path) -> str:
    return str(path).removeprefix(f"{root}{os.sep}")
