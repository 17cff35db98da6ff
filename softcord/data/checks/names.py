"""Check file names, folders and download state: all that shows without opening a file."""

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from softcord.contrasts import CONTRASTS
from softcord.data.bids import IMAGE_EXTENSIONS, LABEL_KINDS, NO_SESSION, BidsFile, Listing, old_stems
from softcord.data.checks.findings import Finding, Severity
from softcord.data.exclude import NOTHING, Exclusion
from softcord.data.index import Scan
from softcord.hints import counted
from softcord.io.pointer import pointed_digest, way_to_download
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd

DATATYPES = {row.datatype for row in CONTRASTS.values()}


def name_findings(scan: Scan, needed: "pd.DataFrame", exclusion: Exclusion = NOTHING) -> Iterator[Finding]:
    """Yield what is wrong with names and folders, and which of the ``needed`` images are not here."""
    if not os.path.isdir(scan.derivatives):
        hint = Remedy.PLACE_DERIVATIVES
        yield Finding("warning", "no derivatives folder", scan.derivatives, hint=hint)
    for folder, listing in scan.listings.items():
        yield from _walked(listing, exclusion)
        yield from _misplaced(scan.place(folder), listing.files)
    yield from _states(scan, needed)
    yield from _unused(scan)
    yield from _case_of_files(scan)
    yield from _case_of_folders(scan)
    yield from _case_of_participants(scan)
    yield from _competing(scan)
    yield from _mixed_sessions(scan)
    yield from _old_names(scan)
    yield from _same_content(scan)


def _walked(listing: Listing, exclusion: Exclusion) -> Iterator[Finding]:
    for folder in listing.unreadable:
        if entry := exclusion.entry_for_folder(folder):
            yield Finding("note", "unreadable folder of what is excluded", folder, detail=entry)
        else:
            yield Finding("error", "unreadable folder", folder, hint="Ask for read permission")
    for link in listing.repeated:
        detail = f"is {os.path.realpath(link)} once more"
        yield Finding("warning", "link to a folder of the dataset", link, "", "", detail, "It is passed over")
    for path in listing.misnamed:
        if path.lower().endswith(IMAGE_EXTENSIONS):
            hint = "Name it sub-XX[_ses-YY]_T2w.nii.gz or the like"
            yield Finding("warning", "not a BIDS name", path, hint=hint)


def _misplaced(root: str, files: Iterable[BidsFile]) -> Iterator[Finding]:
    for file in files:
        folders = file.path[len(root) + 1 :].split(os.sep)[:-1]
        sessions = [folder for folder in folders if folder.startswith("ses-")] or [NO_SESSION]
        if file.participant_id not in folders or file.session_id not in sessions:
            detail = f"lies in {os.sep.join(folders)}"
            hint = "Move it, or correct its name"
            yield Finding(
                "warning", "name and folder differ", file.path, file.participant_id, "", detail, hint
            )


def _states(scan: Scan, needed: "pd.DataFrame") -> Iterator[Finding]:
    absent = needed[needed["image_state"] != "present"]
    for key in zip(*(absent[one] for one in ("participant_id", "session_id", "contrast")), strict=True):
        yield state_finding("image", scan.images[key][0], key[2])


def state_finding(kind: str, file: BidsFile, contrast: str, severity: Severity = "error") -> Finding:
    """Return the finding for a file that is not downloaded or broken."""
    where = file.path, file.participant_id, contrast
    if file.pointer:
        return Finding(severity, f"{kind} not downloaded", *where, hint=way_to_download(file.pointer))
    detail = "an empty file" if os.path.exists(file.path) else "a link to nowhere"
    return Finding(severity, f"{kind} broken", *where, detail, "Copy it again from its source")


def _unused(scan: Scan) -> Iterator[Finding]:
    known = {stem.lower() for stem in scan.stems[""]}  # one that differs in case only is a finding by itself
    for file in scan.listings[""].files:
        if file.extension in IMAGE_EXTENSIONS and file.stem.lower() not in known:
            hint = Remedy.NAME_THE_CONTRAST
            yield Finding(
                "note", "image of no known contrast", file.path, file.participant_id, "", "not used", hint
            )


def _case_of_files(scan: Scan) -> Iterator[Finding]:
    for folder, listing in scan.listings.items():
        right = {stem.lower(): stem for stem in scan.stems[folder]}
        for file in listing.files:
            extension = file.extension.lower()
            stem = file.stem if file.stem in scan.stems[folder] else right.get(file.stem.lower())
            if extension not in IMAGE_EXTENSIONS or stem is None:
                continue
            if (stem, extension) != (file.stem, file.extension):
                yield _miscased(file.path, f"expected {stem}{extension}", file.participant_id)
            elif file.datatype not in DATATYPES and file.datatype.lower() in DATATYPES:
                yield _miscased(file.path, f"expected a folder {file.datatype.lower()}", file.participant_id)


def _case_of_folders(scan: Scan) -> Iterator[Finding]:
    expected: dict[str, set[str]] = {scan.place(folder): set() for folder in scan.listings}
    expected[scan.root] = {"derivatives"}
    expected[scan.derivatives] = {kind.folder for kind in LABEL_KINDS.values()}
    for folder, known in expected.items():
        names = os.listdir(folder) if os.path.isdir(folder) and os.access(folder, os.R_OK) else []
        for name in sorted(names):
            if name.lower() in known and name not in known:
                yield _miscased(os.path.join(folder, name), f"expected {name.lower()}")
            elif name.lower().startswith("sub-") and not name.startswith("sub-"):
                yield _miscased(os.path.join(folder, name), f"expected sub-{name[4:]}")


def _case_of_participants(scan: Scan) -> Iterator[Finding]:
    spellings = defaultdict(dict)  # type: dict[str, dict[str, str]]
    for listing in scan.listings.values():
        for file in listing.files:
            spellings[file.participant_id.lower()].setdefault(file.participant_id, file.path)
    for ways in spellings.values():
        if len(ways) > 1:
            one = max(ways)
            yield _miscased(ways[one], f"{' and '.join(sorted(ways))} are not brought together", one)


def _miscased(path: str, detail: str, participant_id: str = "") -> Finding:
    hint = "Correct upper and lower case"
    return Finding("warning", "upper/lower case differs", path, participant_id, "", detail, hint)


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
        detail = f"{counted(len(old), 'file')}, read all the same"
        yield Finding("note", "names from before 2025", min(old), detail=detail)


def _same_content(scan: Scan) -> Iterator[Finding]:
    """Compare what pointers say of the content: two participants with one image are one, or a mistake."""
    first: dict[str, str] = {}
    for (participant, _, contrast), files in sorted(scan.images.items()):
        if not files[0].pointer:
            continue
        key = pointed_digest(files[0].pointer) or files[0].path
        other = first.setdefault(key, files[0].path)
        if other != files[0].path:
            detail, hint = f"the same as {os.path.basename(other)}", "Remove one of the two"
            yield Finding("warning", "same image twice", files[0].path, participant, contrast, detail, hint)
