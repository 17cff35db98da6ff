"""Check that every image has the labels that a study needs, and every label its image."""

import os
from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, Any, Literal

from softcord.data.bids import NO_SESSION
from softcord.data.checks.findings import Finding, Severity
from softcord.data.checks.names import state_finding
from softcord.data.index import Scan
from softcord.data.labels import LABEL_OF_GT, Gt
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd

Row = dict[str, Any]

WORDS = {
    "hard_seg": "hard mask",
    "soft_seg": "soft label",
    "soft_bin_seg": "binarised soft label",
    "discs": "disc labels",
    "levels": "vertebral levels",
    "truth_softseg": "truth",
    "tissues": "tissue labels",
}


def label_findings(
    scan: Scan,
    needed: "pd.DataFrame",
    gt: Gt,
    missing: Literal["error", "skip"],
) -> Iterator[Finding]:
    """Yield missing labels, labels without image, and labels that are not downloaded or broken.

    Args:
        scan: all files, excluded ones too.
        needed: the images that a study would use.
        gt: the ground truth that it needs.
        missing: what the study does with an image without label.
    """
    severity: Severity = "error" if missing == "error" else "warning"
    for row in records(needed):
        yield from _missing(row, gt, severity)
    yield from _missing_discs(needed)
    yield from _orphans(scan)
    yield from _states(scan, set(needed["image"]), gt)


def _missing(row: Row, gt: Gt, severity: Severity) -> Iterator[Finding]:
    column = LABEL_OF_GT[gt]
    if row[column] is not None:
        return
    where = row["image"], row["participant_id"], row["contrast"]
    if gt != "hard" and row["hard_seg"] is not None:
        hint = Remedy.SOFT_LABEL_LATER
        yield Finding("note", f"no {WORDS[column]} yet", *where, "", hint)
        return
    hint = Remedy.DRAW_A_MASK
    yield Finding(severity, f"no {WORDS['hard_seg' if gt != 'hard' else column]}", *where, "", hint)


def missing_contrasts(
    scan: Scan, table: "pd.DataFrame", contrasts: Collection[str], absent: Severity
) -> Iterator[Finding]:
    """Yield participants without any image, contrasts that nobody has, and who lacks one of the others.

    Args:
        scan: all files, excluded ones too.
        table: the images of everybody whom a study would use.
        contrasts: the contrasts that it needs.
        absent: how bad a contrast is that nobody has.
    """
    with_images = {participant for participant, _, _ in scan.images}
    unread = {word for folder in scan.unreadable for word in folder.split(os.sep)}
    for one in scan.listings[""].participants:
        if one not in with_images and one not in unread:
            hint = "Remove the folder, or correct the names in it"
            yield Finding(
                "warning", "participant without image", os.path.join(scan.root, one), one, hint=hint
            )
    had = [contrast for contrast in contrasts if contrast in set(table["contrast"])]
    known = ", ".join(sorted(set(table["contrast"]))) if len(table) else ""
    for contrast in contrasts:
        if contrast not in had and len(table):
            hint, detail = Remedy.CONTRAST_OF_NOBODY, f"no image of {contrast}; there are {known}"
            yield Finding(absent, "contrast of nobody", scan.root, "", contrast, detail, hint)
    there: dict[tuple[str, str], set[str]] = {}
    for row in records(table):
        there.setdefault((row["participant_id"], row["session_id"]), set()).add(row["contrast"])
    for (participant, session), found in there.items():
        lacking = [contrast for contrast in had if contrast not in found]
        if lacking:
            visit = participant if session == NO_SESSION else f"{participant} {session}"
            detail = f"{visit} has no {', '.join(lacking)}"
            yield Finding("note", "contrast missing", "", participant, "", detail)


def _missing_discs(table: "pd.DataFrame") -> Iterator[Finding]:
    has_levels = table[["discs", "levels"]].notna().any(axis=1)
    for participant in sorted({*table["participant_id"]} - {*table.loc[has_levels, "participant_id"]}):
        hint = "Without them CSA is measured over all slices, not by vertebral level"
        yield Finding("warning", "no disc labels", "", participant, "", participant, hint)


def _states(scan: Scan, images: Collection[str], gt: Gt) -> Iterator[Finding]:
    """A label that the study does without is worth a note only."""
    for (key, kind), labels in scan.labels.items():
        file = labels[0].file
        if file.state == "present" or key not in scan.images or scan.images[key][0].path not in images:
            continue
        severity: Severity = "error" if kind in (LABEL_OF_GT[gt], "discs") else "note"
        yield state_finding(WORDS[kind], file, key[2], severity)


def records(table: "pd.DataFrame") -> list[Row]:
    """The rows of a table as dictionaries."""
    return [{str(column): value for column, value in row.items()} for row in table.to_dict("records")]


def _orphans(scan: Scan) -> Iterator[Finding]:
    for (key, kind), labels in scan.labels.items():
        if key not in scan.images:
            detail = f"{WORDS[kind]} of {key[2]}"
            hint = "Its image is missing or has another name"
            yield Finding("warning", "label without image", labels[0].file.path, key[0], key[2], detail, hint)
