"""Exclusion lists: participants, sites or single images that a study leaves out, and why."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import yaml

from softcord.data.bids import NO_SESSION, BidsFile, bids_stem
from softcord.errors import DataError, UsageError
from softcord.remedies import Remedy


@dataclass(frozen=True)
class Exclusion:
    """What to leave out, with the reason where one is given.

    An entry is a participant (``sub-amu01``), a visit (``sub-amu01_ses-02``), a site prefix
    (``beijingVerio``, followed by digits only), or an image (``sub-amu01_T2w``, also with extension, label
    ending or an absolute path before it).
    """

    reasons: Mapping[str, str] = field(default_factory=dict)

    def entry_for(self, file: BidsFile) -> str | None:
        """Return the entry that leaves this image out, or None."""
        stem = bids_stem(file.participant_id, file.session_id, file.stem)
        visit = stem.removesuffix(f"_{file.stem}")
        for entry in self.reasons:
            if entry in (visit, stem) or entry.startswith(f"{stem}_") or _names(entry, file.participant_id):
                return entry
        return None

    def entry_for_folder(self, folder: str) -> str | None:
        """Return the entry that leaves out the participant or visit of a folder, or None."""
        parts = folder.split(os.sep)
        participant = next((part for part in reversed(parts) if part.startswith("sub-")), "")
        session = next((part for part in parts if part.startswith("ses-")), NO_SESSION)
        visit = participant if session == NO_SESSION else f"{participant}_{session}"
        return next((one for one in self.reasons if one == visit or _names(one, participant)), None)

    def drops(self, file: BidsFile) -> bool:
        """Whether this image is left out."""
        return self.entry_for(file) is not None


NOTHING = Exclusion()


def _names(entry: str, participant_id: str) -> bool:
    """Whether an entry is the participant's id or site."""
    site = f"sub-{entry}"
    return entry == participant_id or (
        not entry.startswith("sub-")
        and participant_id.startswith(site)
        and participant_id[len(site) :].isdigit()
    )


def exclude_entries(entries: Iterable[str]) -> Exclusion:
    """Build an exclusion from a list of entries (reasons unknown)."""
    return Exclusion({_entry(text): "" for text in entries})


def read_exclude(path: Path | str, purposes: Iterable[str] | None = None) -> Exclusion:
    """Read an exclusion list.

    Read are yaml files with one or more lists (``FILES_REG``, ``csa_t2``, …, reasons as comments), a bare
    yaml list, and tables (.tsv) with the columns participant_id and reason.

    Args:
        path: the file.
        purposes: names of the lists to use; all of them if None.

    Raises:
        DataError: the file is missing or has no such form.
        UsageError: a purpose that the file does not have.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(path, f"cannot be read ({error.strerror})", Remedy.CHECK_EXCLUSION_FILE) from error
    if path.suffix == ".tsv":
        return _from_table(path, text)
    lists = _lists(path, text)
    chosen = list(lists) if purposes is None else list(purposes)
    for purpose in chosen:
        if purpose not in lists:
            raise UsageError(path, f"has no list {purpose!r}", f"It has {', '.join(lists)}")
    comments = _comments(text)
    entries = [entry for purpose in chosen for entry in lists[purpose]]
    return Exclusion({_entry(entry): comments.get(entry, "") for entry in entries})


def _lists(path: Path, text: str) -> dict[str, list[str]]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise DataError(path, f"is not yaml ({_first_line(error)})", "Repair it") from error
    lists = content if isinstance(content, dict) else {"": content or []}
    for name, entries in lists.items():
        if entries is not None and not isinstance(entries, list):
            raise DataError(path, f"{name} is not a list", "Write one `- sub-XX  # reason` a line")
    return {str(name): [str(entry) for entry in entries or []] for name, entries in lists.items()}


def _comments(text: str) -> dict[str, str]:
    lines = re.findall(r"^\s*-\s*(\S+)\s+#\s*(.+?)\s*$", text, flags=re.MULTILINE)
    return {entry.strip("'\""): reason for entry, reason in lines}


def _from_table(path: Path, text: str) -> Exclusion:
    rows = [line.split("\t") for line in text.splitlines() if line.strip()]
    if not rows or rows[0][0] != "participant_id":
        raise DataError(path, "its first column is not participant_id", "Add the header line")
    return Exclusion({_entry(row[0]): row[1].strip() if len(row) > 1 else "" for row in rows[1:]})


def _entry(text: str) -> str:
    """Drop folder and extension: the lists of others hold absolute paths of their own machines."""
    return PurePosixPath(text.strip()).name.partition(".")[0]


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
