"""Build the ground truth of a whole dataset: in parallel, repeatable, and past participants that fail."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.data.bids import NO_SESSION
from softcord.errors import DataError
from softcord.gt.build import ParticipantGt, build_checked
from softcord.gt.inputs import ImageFiles, read_inputs
from softcord.gt.settings import GtSettings
from softcord.gt.sidecar import describe_dataset, finished_row, provenance, sidecar
from softcord.gt.summary import Row
from softcord.gt.variant import carried_discs_path, gt_path, variant_name
from softcord.io.files import write_json
from softcord.io.names import sidecar_of
from softcord.io.nifti import write_like
from softcord.io.sidecar import Json
from softcord.processes.parallel import parallel_map
from softcord.remedies import Remedy

# Values of ``status`` that mean: the ground truth is there.
DONE = ("built", "unchanged")
REPORT_COLUMNS = (
    "participant_id",
    "session_id",
    "contrast",
    "status",
    "role",
    "weight_share",
    "coverage_mm",
    "slices_matched",
    "slices_carried",
    "slices_unmoved",
    "residual_before_mm",
    "residual_after_mm",
    "shift_max_mm",
    "rotation_max_deg",
    "dice_with_average",
    "area_vs_average_pct",
    "finding",
    "hint",
    "image",
    "hard_seg",
    "discs",
    "gt_file",
)


@dataclass(frozen=True)
class Participant:
    """One participant (of one session) and the files of each contrast."""

    participant_id: str
    session_id: str
    files: tuple[ImageFiles, ...]

    @property
    def name(self) -> str:
        """Participant and, if there is one, session."""
        session = "" if self.session_id == NO_SESSION else f" {self.session_id}"
        return f"{self.participant_id}{session}"


def build_dataset(
    table: pd.DataFrame,
    output_root: Path | str,
    settings: GtSettings,
    contrasts: Sequence[str],
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Write the ground truth of every participant under ``output_root / variant_name(settings, contrasts)``.

    Participants whose inputs and recipe are unchanged are recognised by their sidecars and left as they are.
    One that cannot be built gets no output, and rows with status "failed" that say why; the rest go on.

    Args:
        table: a row per image with participant_id, session_id, contrast, image, hard_seg and discs (paths;
            None or NaN where there is no file).
        output_root: folder of derivatives.
        settings: the recipe.
        contrasts: those that enter the average.
        jobs: number of processes.
        on_done: called with each participant's name as it is done.

    Returns:
        A row per participant and contrast with ``REPORT_COLUMNS``; ``status`` is built, unchanged, missing
        (nothing to average from this contrast) or failed.

    Raises:
        DataError: the table is empty, or the folder holds labels made by other means.
        UsageError: ``gt=hard``.
    """
    derivative = Path(output_root).absolute() / variant_name(settings, contrasts)
    participants = _participants(table)
    if not participants:
        raise DataError("ground truth", "there is no image to build it for", Remedy.CHECK_ROOT)
    describe_dataset(derivative, settings, contrasts, _dataset_root(participants[0]))
    build = partial(build_files, derivative=derivative, settings=settings, contrasts=tuple(contrasts))
    rows: dict[str, list[Row]] = {}
    for outcome in parallel_map(build, participants, jobs):
        who = outcome.item
        rows[who.name] = outcome.value or [_failed(who, "", str(outcome.error), "")]
        if on_done is not None:
            on_done(who.name)
    ordered = [row for who in participants for row in rows[who.name]]
    report = pd.DataFrame(ordered, columns=list(REPORT_COLUMNS))
    counts = [column for column in REPORT_COLUMNS if column.startswith("slices_")]
    return report.astype(dict.fromkeys(counts, "Int64"))


def build_files(
    participant: Participant, derivative: Path, settings: GtSettings, contrasts: Sequence[str]
) -> list[Row]:
    """Build one participant, write its files, and return its rows of the report."""
    origin = provenance(participant.files, settings, contrasts, derivative)
    absent = _missing(participant, contrasts)
    done = _unchanged(participant, derivative, settings, str(origin["Fingerprint"]))
    if done is not None:
        return _completed(participant, done, "unchanged", derivative, settings) + absent
    inputs = read_inputs(participant.files, settings.reference)
    if inputs.findings:
        _withdraw(participant, derivative, settings)
        return [_failed(participant, f.contrast, f.what, f.hint) for f in inputs.findings]
    try:
        gt = build_checked(inputs.hard_segs, contrasts, settings, inputs.spaces, inputs.discs)
    except DataError as error:
        _withdraw(participant, derivative, settings)
        return [_failed(participant, error.where, error.what, error.hint)]
    _write(participant, gt, origin, derivative, settings)
    return _completed(participant, gt.rows, "built", derivative, settings) + absent


def _participants(table: pd.DataFrame) -> list[Participant]:
    found: dict[tuple[str, str], list[ImageFiles]] = {}
    for row in table.to_dict("records"):
        session = _text(row.get("session_id")) or NO_SESSION
        files = ImageFiles(
            str(row["contrast"]), str(row["image"]), _text(row.get("hard_seg")), _text(row.get("discs"))
        )
        found.setdefault((str(row["participant_id"]), session), []).append(files)
    return [Participant(*who, tuple(files)) for who, files in found.items()]


def _text(value: object) -> str | None:
    return str(value) if isinstance(value, str | Path) and str(value) else None


def _dataset_root(participant: Participant) -> Path:
    """Return the folder above the participant's."""
    image = Path(participant.files[0].image).absolute()
    above = (folder.parent for folder in image.parents if folder.name == participant.participant_id)
    return next(above, image.parent)


def _unchanged(
    participant: Participant, derivative: Path, settings: GtSettings, mark: str
) -> dict[str, Row] | None:
    rows = {}
    for files in participant.files:
        row = finished_row(gt_path(derivative, files.image, settings), mark)
        if row is None:
            return None
        rows[files.contrast] = row
    return rows


def _write(
    participant: Participant, gt: ParticipantGt, origin: Json, derivative: Path, settings: GtSettings
) -> None:
    """Write volumes first and sidecars last, since a sidecar is what says that a file is complete."""
    paths = {row.contrast: gt_path(derivative, row.image, settings) for row in participant.files}
    for path in paths.values():
        sidecar_of(path).unlink(missing_ok=True)
    dtype = np.uint8 if settings.name == "soft_bin" else np.float32
    images = {row.contrast: row.image for row in participant.files}
    for contrast, path in paths.items():
        write_like(path, gt.softsegs[contrast].data.astype(dtype, copy=False), images[contrast])
    for row in participant.files:
        path = carried_discs_path(derivative, row.image)
        if row.contrast in gt.discs:
            write_like(path, gt.discs[row.contrast].data.astype(np.uint8), row.image)
        else:
            path.unlink(missing_ok=True)
    for contrast, path in paths.items():
        write_json(sidecar_of(path), sidecar(origin, gt.rows, contrast))


def _withdraw(participant: Participant, derivative: Path, settings: GtSettings) -> None:
    """Remove what earlier inputs gave, lest a net learns from masks that are no longer there."""
    for row in participant.files:
        path = gt_path(derivative, row.image, settings)
        for outdated in (sidecar_of(path), path, carried_discs_path(derivative, row.image)):
            outdated.unlink(missing_ok=True)


def _completed(
    participant: Participant, rows: dict[str, Row], status: str, derivative: Path, settings: GtSettings
) -> list[Row]:
    return [
        _who(participant, files.contrast)
        | {
            "status": status,
            "image": files.image,
            "hard_seg": files.hard_seg,
            "discs": files.discs or _carried(derivative, files.image),
            "gt_file": str(gt_path(derivative, files.image, settings)),
            "finding": None if files.hard_seg else "no hard mask: gets the average by its header alone",
        }
        | rows[files.contrast]
        for files in participant.files
    ]


def _carried(derivative: Path, image: str) -> str | None:
    path = carried_discs_path(derivative, image)
    return str(path) if path.is_file() else None


def _missing(participant: Participant, contrasts: Iterable[str]) -> list[Row]:
    """Return a row for each contrast that should enter the average and has no image."""
    imaged = {files.contrast for files in participant.files}
    return [
        _who(participant, key) | {"status": "missing", "finding": "there is no image"}
        for key in contrasts
        if key not in imaged
    ]


def _failed(participant: Participant, contrast: str, what: str, hint: str) -> Row:
    return _who(participant, contrast) | {"status": "failed", "finding": what, "hint": hint}


def _who(participant: Participant, contrast: str) -> Row:
    return {
        "participant_id": participant.participant_id,
        "session_id": participant.session_id,
        "contrast": contrast,
    }
