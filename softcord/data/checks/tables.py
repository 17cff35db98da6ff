"""Tables of a checked dataset: what each contrast has, and each participant."""

import os
from collections import Counter
from pathlib import Path

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.data.bids import NO_SESSION
from softcord.data.checks.dataset import DatasetCheck
from softcord.data.checks.findings import summarise
from softcord.hints import and_more

# One letter a label kind, in the cells of the matrix.
LETTERS = {"hard_seg": "h", "soft_seg": "s", "soft_bin_seg": "b", "discs": "d", "levels": "l"}
ABSENT = "–"
_NOT_HERE = {"not_downloaded": "○", "broken": "✗"}


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
    downloaded, a cross for one that is broken or cannot be used, a dash for none.
    """
    cells: dict[str, dict[str, str]] = {}
    unusable = {one.file for one in check.findings if one.severity == "error"}
    for row in check.table.itertuples(index=False):
        visit = (
            row.participant_id if row.session_id == NO_SESSION else f"{row.participant_id} {row.session_id}"
        )
        letters = "".join(letter for kind, letter in LETTERS.items() if getattr(row, kind) is not None)
        mark = _NOT_HERE.get(str(row.image_state), "✗" if str(row.image) in unusable else "●")
        cells.setdefault(str(visit), {})[str(row.contrast)] = f"{mark} {letters}".rstrip()
    contrasts = _contrasts(check)
    rows = [[there.get(contrast, ABSENT) for contrast in contrasts] for there in cells.values()]
    return pd.DataFrame(rows, index=pd.Index(cells, name="participant"), columns=contrasts)


def findings_text(check: DatasetCheck) -> str:
    """Two lines per kind of finding, worst first: how many and the first file, and what to do."""
    lines = []
    for one in summarise(check.findings):
        more = and_more(one.count - 1)
        lines.append(f"{one.severity:8} {one.what}: {relative(one.examples[0], check.root)}{more}")
        lines += [f"{'':8} {one.hint}"] if one.hint else []
    return "\n".join(lines or ["nothing found"])


def relative(path: object, root: Path) -> str:
    """Return a path as it is called within the dataset."""
    return str(path).removeprefix(f"{root}{os.sep}")
