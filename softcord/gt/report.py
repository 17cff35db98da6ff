"""The report on a dataset's ground truth as tables."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.gt.dataset import DONE
from softcord.io.tables import write_table

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


def write_csv(report: pd.DataFrame, path: Path) -> None:
    """Write the report as CSV, n/a for what does not apply; whole or not at all."""
    write_table(path, report)


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


def details(report: pd.DataFrame) -> pd.DataFrame:
    """Return a report as the page shows it: a row per image, numbers as text under their headings."""
    columns = ("participant_id", "session_id", "contrast", "status", "role")
    rows = [
        {column: "" if _is_missing(row[column]) else row[column] for column in columns}
        | _formatted(row)
        | {"finding": "" if _is_missing(row["finding"]) else row["finding"]}
        for row in report.to_dict("records")
    ]
    return pd.DataFrame(rows)


def headings() -> frozenset[str]:
    """Return the headings of columns that hold numbers."""
    return frozenset(heading for heading, _ in NUMBERS.values())
