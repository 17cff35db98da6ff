"""Check a dataset: what is missing, misnamed, not downloaded or inconsistent. Never changes the data."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from softcord.contrasts import PAPER_SIX
from softcord.data.checks.bids import bids_findings
from softcord.data.checks.findings import Finding, Severity, in_order
from softcord.data.checks.labels import label_findings, missing_contrasts
from softcord.data.checks.metadata import metadata_findings
from softcord.data.checks.names import name_findings
from softcord.data.checks.volumes import volume_findings
from softcord.data.exclude import Exclusion
from softcord.data.index import Scan, existing_root, scan_dataset, table_of
from softcord.data.labels import Gt
from softcord.data.settings import DataSettings, chosen_participants, read_exclusion
from softcord.errors import SettingError
from softcord.processes.collector import collector_paused
from softcord.remedies import Remedy

if TYPE_CHECKING:
    import pandas as pd

# How much is read: names only; also headers; also every voxel.
Depth = Literal["names", "headers", "voxels"]


@dataclass(frozen=True)
class DatasetCheck:
    """What there is, and what is wrong with it.

    ``table`` is the index, exclusions applied; ``volumes`` has one row per image and label that was opened
    (no rows at depth "names").
    """

    root: Path
    table: "pd.DataFrame"
    findings: tuple[Finding, ...]
    volumes: "pd.DataFrame"

    @property
    def is_usable(self) -> bool:
        """Whether nothing that is needed is missing or broken."""
        return not any(finding.severity == "error" for finding in self.findings)


def check_dataset(
    settings: DataSettings,
    *,
    gt: Gt = "soft",
    contrasts: Sequence[str] = PAPER_SIX,
    depth: Depth = "voxels",
    bids: bool = False,
    needs_every_contrast: bool = True,
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> DatasetCheck:
    """Look through a dataset and report what a study with this ground truth and these contrasts would meet.

    Whatever is wrong with a file is a finding, never an error.

    Args:
        settings: the dataset.
        gt: ground truth that the study needs.
        contrasts: contrasts that the study needs.
        depth: "names" reads names and sidecars only, "headers" also the headers of images and labels,
            "voxels" also all their values.
        bids: ask the official BIDS validator too, which takes longer than all the rest.
        needs_every_contrast: whether a contrast that nobody has is an error, or a warning (because another
            dataset of the study may have it).
        jobs: processes that open files.
        on_done: receives the name of each image as it is finished.

    Raises:
        DataError: the root is not a folder, or the exclusion list cannot be read.
        UsageError: an unknown depth, or a chosen participant who is not there.
    """
    if depth not in get_args(Depth):
        raise SettingError(
            "check_dataset", "depth", f"unknown depth {depth!r}", f"Use one of {', '.join(get_args(Depth))}"
        )
    root = existing_root(settings.root)
    table, findings = _by_name(settings, root, gt, contrasts, "error" if needs_every_contrast else "warning")
    if bids:
        findings += bids_findings(root)

    volumes, found = volume_findings(table, depth, jobs=jobs, on_done=on_done)
    with collector_paused():
        return DatasetCheck(root, table, tuple(in_order([*findings, *found])), volumes)


@collector_paused()
def _by_name(
    settings: DataSettings, root: Path, gt: Gt, contrasts: Sequence[str], absent: Severity
) -> tuple["pd.DataFrame", list[Finding]]:
    """Return the index, and what shows without opening an image; ``absent``: a contrast that nobody has."""
    exclusion = read_exclusion(settings)
    scan = scan_dataset(
        root,
        derivatives=settings.derivatives,
        image_names=settings.image_names,
        label_names=settings.label_names,
    )
    table = chosen_participants(settings, table_of(scan, exclusion))
    needed = table[table["contrast"].isin(contrasts)]
    return table, [
        *_nothing_found(root, scan, table),
        *name_findings(scan, needed, exclusion),
        *metadata_findings(root, scan),
        *_exclusions(scan, exclusion),
        *missing_contrasts(scan, table, contrasts, absent),
        *label_findings(scan, needed, gt, settings.missing_labels),
    ]


def _nothing_found(root: Path, scan: Scan, table: "pd.DataFrame") -> list[Finding]:
    if not scan.images:
        hint = Remedy.MAP_IMAGE_NAMES
        return [Finding("error", "no image of a known contrast", str(root), hint=hint)]
    if table.empty:
        return [Finding("error", "every image is excluded", str(root), hint=Remedy.ALL_EXCLUDED)]
    return []


def _exclusions(scan: Scan, exclusion: Exclusion) -> list[Finding]:
    used = Counter(exclusion.entry_for(files[0]) for files in scan.images.values())
    unread = {exclusion.entry_for_folder(folder) for folder in scan.unreadable}
    found = []
    for entry, reason in exclusion.reasons.items():
        if entry in used or entry in unread:
            detail = f"{entry} ({used[entry]} images){': ' + reason if reason else ''}"
            found.append(Finding("note", "excluded", detail=detail))
        else:
            hint = Remedy.CHECK_EXCLUSION_ENTRY
            found.append(Finding("warning", "exclusion without effect", detail=entry, hint=hint))
    return found
