"""The CSV that scripts written for SCT's `sct_process_segmentation` read: its header, its conventions."""

import csv
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.io.files import replacing
from softcord.io.tables import print_csv
from softcord.measure.csa import HOW_COLUMNS
from softcord.measure.files import FileMeasures

_MEANS = {
    "area": "area_mm2",
    "angle_AP": "angle_ap_deg",
    "angle_RL": "angle_rl_deg",
    "diameter_AP": "diameter_ap_mm",
    "diameter_AP_ellipse": "diameter_ap_ellipse_mm",
    "diameter_RL": "diameter_rl_mm",
    "length_anterior": "length_anterior_mm",
    "length_posterior": "length_posterior_mm",
    "eccentricity": "eccentricity",
    "orientation": "orientation_deg",
    "solidity": "solidity",
}
SCT_HEADER = (
    "Timestamp",
    "SCT Version",
    "Filename",
    "Slice (I->S)",
    "VertLevel",
    "DistancePMJ",
    *(f"{statistic}({name})" for name in _MEANS for statistic in ("MEAN", "STD")),
    "SUM(length)",
)


def write_sct_csv(
    path: Path | str, measured: Iterable[FileMeasures], mode: str, version: str, *, append: bool = False
) -> None:
    """Write one mode's groups with SCT's header: no rounding, empty cells for what is missing.

    "SCT Version" holds ``version`` (softcord's) and how the row was made, so that it can never be taken for
    SCT's own. With ``append`` the rows follow those of an existing file.

    Raises:
        DataError: the file to append to has another header.
    """
    path = Path(path)
    before = ""
    if append and path.exists():
        before = path.read_text(encoding="utf-8")
        if next(csv.reader(before.splitlines()[:1]), []) != list(SCT_HEADER):
            raise DataError(path, "has another header than SCT's", "Write to a new file")
    with replacing(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as stream:
        stream.write(before)
        rows = [row for file in measured for row in _rows(file, mode, version)]
        table = pd.DataFrame(rows, columns=pd.Index(SCT_HEADER), dtype=object)
        print_csv(table, stream, missing="", header=not before)


def _rows(file: FileMeasures, mode: str, version: str) -> Iterable[Mapping[str, object]]:
    now = f"{datetime.now():%Y-%m-%d %H:%M:%S}"
    groups = file.groups[file.groups["mode"] == mode]
    for row in groups.to_dict("records"):
        how = " ".join(f"{name}={row[name]}" for name in HOW_COLUMNS if row[name] == row[name])
        yield {
            "Timestamp": now,
            "SCT Version": f"{version} {how}",
            "Filename": str(file.files.mask.resolve()),
            "Slice (I->S)": row["slice"],
            "VertLevel": "" if row["level"] == "all" else row["level"],
            "DistancePMJ": "",
            **{f"MEAN({name})": _cell(row[column]) for name, column in _MEANS.items()},
            **{f"STD({name})": _cell(row[f"{column}_sd"]) for name, column in _MEANS.items()},
            "SUM(length)": _cell(row["length_mm"]),
        }


def _cell(value: float) -> str:
    return "" if value != value else repr(float(value))
