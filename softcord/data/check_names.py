"""Check file names, folders and download state: all that shows without opening a file."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from softcord.contrasts import CONTRASTS
from softcord.data.bids import IMAGE_EXTENSIONS, NO_SESSION, BidsFile, old_stems
from softcord.data.findings import Finding, Severity
from softcord.data.index import Scan

if TYPE_CHECKING:
    import pandas as pd

FETCH = "Download it with `softcord fetch` or `git annex get`"


def name_findings(scan: Scan, needed: "pd.DataFrame") -> Iterator[Finding]:
    """Yield what is wrong with names and folders, and which of the ``needed`` images are not here."""
    for listing in scan.listings.values():
        for folder in listing.unreadable:
            yield Finding("error", "unreadable folder", folder, hint="Ask for read permission")
        for path in listing.misnamed:
            if path.endswith(IMAGE_EXTENSIONS):
                hint = "Name it sub-XX[_ses-YY]_T2w.nii.gz or the like"
                yield Finding("warning", "not a BIDS name", path, hint=hint)
        yield from _misplaced(listing.files)
    yield from _states(needed)
    yield from _case(scan)
    yield from _competing(scan)
    yield from _mixed_sessions(scan)
    yield from _old_names(scan)
    yield from _same_content(scan)


def _misplaced(files: Iterable[BidsFile]) -> Iterator[Finding]:
    for file in files:
        folders = file.path.split(os.sep)
        session = file.session_id
        if file.participant_id not in folders or (session != NO_SESSION and session not in folders):
            detail = f"lies in {os.sep.join(folders[-4:-1])}"
            hint = "Move it, or correct its name"
            yield Finding(
                "warning", "name and folder differ", file.path, file.participant_id, "", detail, hint
            )


def _states(needed: "pd.DataFrame") -> Iterator[Finding]:
    absent = needed[needed["image_state"] != "present"]
    columns = ("image", "image_state", "participant_id", "contrast")
    for path, state, participant, contrast in zip(*(absent[column] for column in columns), strict=True):
        yield state_finding("image", path, state, participant, contrast)


def state_finding(
    kind: str, path: str, state: str, participant: str, contrast: str, severity: Severity = "error"
) -> Finding:
    """Return the finding for a file that is not downloaded or broken."""
    if state == "not_downloaded":
        return Finding(severity, f"{kind} not downloaded", path, participant, contrast, hint=FETCH)
    detail = "an empty file" if os.path.exists(path) else "a link to nowhere"
    hint = "Copy it again from its source"
    return Finding(severity, f"{kind} broken", path, participant, contrast, detail, hint)


def _case(scan: Scan) -> Iterator[Finding]:
    right = {row.stem.lower(): row for row in CONTRASTS.values()}
    stems = {row.stem for row in CONTRASTS.values()}
    for file in scan.listings[""].files:
        row = right.get(file.stem.lower())
        if row and file.stem not in stems and file.extension in IMAGE_EXTENSIONS:
            detail = f"expected {row.stem}"
            hint = "Correct upper and lower case: the image is not seen as it is"
            yield Finding(
                "warning", "upper/lower case differs", file.path, file.participant_id, row.key, detail, hint
            )
    spellings = defaultdict(dict)  # type: dict[str, dict[str, str]]
    for listing in scan.listings.values():
        for file in listing.files:
            spellings[file.participant_id.lower()].setdefault(file.participant_id, file.path)
    for ways in spellings.values():
        if len(ways) > 1:
            detail, path = " and ".join(sorted(ways)), ways[max(ways)]
            hint = "Spell the participant one way: its files are not brought together"
            yield Finding("warning", "upper/lower case differs", path, max(ways), "", detail, hint)


def _competing(scan: Scan) -> Iterator[Finding]:
    for (participant, _, contrast), files in scan.images.items():
        for loser in files[1:]:
            detail, hint = f"{files[0].name} is used", "Remove or rename one of the two"
            yield Finding(
                "warning", "two images of a contrast", loser.path, participant, contrast, detail, hint
            )
    for ((participant, _, contrast), _), labels in scan.labels.items():
        for label in labels[1:]:
            detail, hint = f"{labels[0].file.name} is used", "Remove or rename one of the two"
            yield Finding(
                "warning", "two labels of a kind", label.file.path, participant, contrast, detail, hint
            )


def _mixed_sessions(scan: Scan) -> Iterator[Finding]:
    sessions: dict[str, dict[str, str]] = defaultdict(dict)
    for (participant, session, _), files in scan.images.items():
        sessions[participant][session] = files[0].path
    for participant, found in sessions.items():
        if len(found) > 1 and NO_SESSION in found:
            hint = "Give every image a session, or none"
            path = found[NO_SESSION]
            yield Finding("warning", "images with and without session", path, participant, "", "", hint)


def _old_names(scan: Scan) -> Iterator[Finding]:
    old = [files[0].path for files in scan.images.values() if files[0].stem in old_stems()]
    old += [labels[0].file.path for labels in scan.labels.values() if labels[0].is_old]
    if old:
        detail = f"{len(old)} files, read all the same"
        yield Finding("note", "names from before 2025", min(old), detail=detail)


def _same_content(scan: Scan) -> Iterator[Finding]:
    """Compare git-annex keys: two participants with one image are one person, or a mistake."""
    first: dict[bytes, str] = {}
    for (participant, _, contrast), files in sorted(scan.images.items()):
        if files[0].state != "not_downloaded":
            continue
        key = _annex_key(files[0].path)
        other = first.setdefault(key, files[0].path)
        if other != files[0].path:
            detail, hint = f"the same as {os.path.basename(other)}", "Remove one of the two"
            yield Finding("warning", "same image twice", files[0].path, participant, contrast, detail, hint)


def _annex_key(path: str) -> bytes:
    if os.path.islink(path):
        return os.path.basename(os.readlink(path)).encode()
    with open(path, "rb") as stream:
        return os.path.basename(stream.read().strip())
