"""Check the text files of a dataset: description, table of participants, sidecars."""

import json
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from softcord.data.checks.findings import Finding
from softcord.data.index import Label, Scan
from softcord.data.labels import HARD_MASK_HINT, is_model_made
from softcord.data.participants import read_table
from softcord.io.names import sidecar_of


def metadata_findings(root: Path, scan: Scan) -> Iterator[Finding]:
    """Yield what is wrong with dataset_description.json, participants.tsv and the sidecars."""
    yield from _description(root)
    yield from _participants(root, scan)
    sidecars: dict[str, Any] = {}
    for listing in scan.listings.values():
        for file in listing.files:
            if file.extension != ".json":
                continue
            try:
                sidecars[file.path] = _read_json(file.path)
            except (OSError, ValueError) as error:
                detail, hint = _one_line(error), "Repair it; its image is used without it"
                yield Finding(
                    "warning", "sidecar is not JSON", file.path, file.participant_id, "", detail, hint
                )
    yield from _model_made(scan, sidecars)


def _description(root: Path) -> Iterator[Finding]:
    path = root / "dataset_description.json"
    if not path.exists():
        hint = "BIDS asks for one with Name and BIDSVersion"
        yield Finding("warning", "no dataset_description.json", str(path), hint=hint)
        return
    try:
        content = _read_json(str(path))
    except (OSError, ValueError) as error:
        yield Finding("warning", "sidecar is not JSON", str(path), detail=_one_line(error), hint="Repair it")
        return
    lacking = [key for key in ("Name", "BIDSVersion") if not isinstance(content, dict) or key not in content]
    if lacking:
        detail = f"without {', '.join(lacking)}"
        yield Finding("warning", "incomplete dataset_description.json", str(path), detail=detail)


def _participants(root: Path, scan: Scan) -> Iterator[Finding]:
    path = root / "participants.tsv"
    if not path.exists():
        hint = "Statistics by age, sex or site need one"
        yield Finding("warning", "no participants.tsv", str(path), hint=hint)
        return
    try:
        listed = Counter(read_table(path)["participant_id"].fillna(""))
    except ValueError as error:
        hint = "It is a text file in UTF-8 whose first column is participant_id"
        yield Finding("warning", "participants.tsv cannot be read", str(path), "", "", str(error), hint)
        return
    there = {*scan.listings[""].participants, *(file.participant_id for file in scan.listings[""].files)}
    for one, count in listed.items():
        if one not in there:
            hint = "Remove the line, or look for the folder"
            yield Finding("warning", "participant without folder", str(path), one, "", one, hint)
        if count > 1:
            yield Finding("warning", "participant listed twice", str(path), one, "", one, "Keep one line")
    for one in sorted(there - set(listed)):
        hint = "Add a line"
        yield Finding("warning", "participant not in participants.tsv", str(path), one, "", one, hint)


def _model_made(scan: Scan, sidecars: dict[str, Any]) -> Iterator[Finding]:
    """Since r20250314 most T2w hard masks of spine-generic are a model's predictions: say so."""
    made: dict[str, list[Label]] = {}
    for ((_, _, contrast), kind), labels in scan.labels.items():
        sidecar = sidecars.get(str(sidecar_of(Path(labels[0].file.path))))
        if kind == "hard_seg" and is_model_made(sidecar):
            made.setdefault(contrast, []).append(labels[0])
    for contrast, labels in made.items():
        detail = f"{len(labels)} {contrast} masks were predicted by a network"
        where = labels[0].file.path
        yield Finding("warning", "hard mask made by a model", where, "", contrast, detail, HARD_MASK_HINT)


def _read_json(path: str) -> Any:
    if not os.path.isfile(path):
        raise ValueError("not a file")
    with open(path, "rb") as stream:
        text = stream.read()
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("brackets nested too deep") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
