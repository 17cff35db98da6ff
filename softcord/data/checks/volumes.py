"""Open images and labels: geometry, values, duplicates, and what stands out from the rest."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, fields
from functools import partial
from pathlib import Path
from typing import Literal

import nibabel as nib
import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.data.bids import LABEL_KINDS, file_state
from softcord.data.checks.findings import Finding, Severity
from softcord.data.checks.labels import WORDS, Row, records
from softcord.errors import DataError
from softcord.io.header import open_nifti
from softcord.io.masks import refuse_filled
from softcord.io.nifti import read_volume, space_of
from softcord.io.space import MAX_GRID_SHEAR_DEG, NO_ORIENTATION, SHEARED, Space, misfit, shear_deg, times
from softcord.processes.parallel import parallel_map
from softcord.remedies import Remedy

SOFT_KINDS = ("soft_seg", "soft_bin_seg", "truth_softseg")
MASK_KINDS = ("hard_seg", *SOFT_KINDS)
# Values that resampling or a float format leaves outside 0..1 are no mistake.
VALUE_TOLERANCE = 1e-3


@dataclass(frozen=True)
class VolumeFacts:
    """What one file holds; ``orientation`` as spinal cord people write it (RPI).

    ``fov_si_mm`` is the extent along the superior-inferior axis. ``p99``, the 99th percentile of the values,
    and ``digest``, a hash of all of them, are empty where only the header was read.
    """

    participant_id: str
    session_id: str
    contrast: str
    kind: str
    file: str
    shape: tuple[int, ...]
    orientation: str
    spacing_mm: tuple[float, ...]
    fov_si_mm: float
    affine: tuple[float, ...]
    p99: float | None = None
    digest: str | None = None


Inspected = tuple[list[VolumeFacts], list[Finding]]
Values = npt.NDArray[np.float32]


def volume_findings(
    table: pd.DataFrame,
    depth: Literal["names", "headers", "voxels"],
    *,
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> tuple["pd.DataFrame", list[Finding]]:
    """Open every image of an index that is there, and its labels; return facts and findings.

    Args:
        table: rows of :func:`softcord.data.index.index_dataset`.
        depth: "names" opens nothing, "headers" reads headers, "voxels" all values.
        jobs: processes that open files.
        on_done: receives the name of each image as it is finished.
    """
    rows = [] if depth == "names" else records(table[table["image_state"] == "present"])
    facts: list[VolumeFacts] = []
    findings: list[Finding] = []
    for outcome in parallel_map(partial(inspect, with_voxels=depth == "voxels"), rows, jobs):
        if outcome.value is None:
            path, hint = outcome.item["image"], "Check again; memory may have been short"
            findings.append(_finding("error", "not checked", outcome.item, path, outcome.error or "", hint))
        else:
            facts += outcome.value[0]
            findings += outcome.value[1]
        if on_done:
            on_done(outcome.item["image"].rpartition("/")[2])
    columns = [field.name for field in fields(VolumeFacts)]
    volumes = pd.DataFrame([asdict(fact) for fact in facts], columns=columns)
    volumes = volumes.sort_values(["kind", "file"], ignore_index=True)
    return volumes, [*findings, *_repeated(volumes), *_outliers(volumes)]


def inspect(row: Row, *, with_voxels: bool) -> Inspected:
    """Open one image and its labels."""
    facts: list[VolumeFacts] = []
    findings: list[Finding] = []
    image: Space | None = None
    for kind in ("image", *LABEL_KINDS):
        path = row[kind]
        if path is None or file_state(path) != "present":
            continue
        try:
            fact, space, values = _read(row, kind, with_voxels)
        except DataError as error:
            findings.append(_unusable(_words(kind), row, path, error.what, error.hint))
            continue
        facts.append(fact)
        findings += _space_findings(row, kind, space, image)
        image = space if kind == "image" else image
        if values is not None:
            findings += _value_findings(row, kind, values)
    return facts, findings


def _read(row: Row, kind: str, with_voxels: bool) -> tuple[VolumeFacts, Space, Values | None]:
    path = row[kind]
    p99, digest, values = None, None, None
    if with_voxels:
        volume = read_volume(path)
        if kind in MASK_KINDS:
            refuse_filled(path, volume)
        space, values = space_of(volume), volume.data
        p99 = float(np.percentile(values, 99))
        digest = hashlib.sha256(np.ascontiguousarray(values.T).data).hexdigest()
    else:
        file = open_nifti(Path(path))
        file.check_content()
        space = file.space
    affine, shape = space.affine, space.shape
    spacing = nib.affines.voxel_sizes(affine)
    axis_si = int(np.argmax(np.abs(affine[2, :3] / spacing)))
    fact = VolumeFacts(
        participant_id=row["participant_id"],
        session_id=row["session_id"],
        contrast=row["contrast"],
        kind=kind,
        file=path,
        shape=shape,
        orientation=orientation(affine),
        spacing_mm=tuple(round(float(size), 3) for size in spacing),
        fov_si_mm=float(shape[axis_si] * spacing[axis_si]),
        affine=tuple(float(value) for value in affine.ravel()),
        p99=p99,
        digest=digest,
    )
    return fact, space, values


def _space_findings(row: Row, kind: str, space: Space, image: Space | None) -> Iterator[Finding]:
    """What is odd about a header, and whether a label is on its image's grid."""
    path = row[kind]
    for odd in space.oddities:
        is_sheared = odd.what == SHEARED and shear_deg(space.affine) > MAX_GRID_SHEAR_DEG
        is_sheared = odd.what == SHEARED and shear_deg(space.affine) > MAX_GRID_SHEAR_DEG
        cannot_be_used = odd.what == NO_ORIENTATION or is_sheared
        severity: Severity = "note" if odd.is_rounding else "error" if cannot_be_used else "warning"
        yield _finding(severity, odd.what, row, path, odd.detail, odd.hint)
    if kind == "image" and 1 in space.shape:
        detail, hint = f"shape {times(space.shape)}", "The net looks at volumes: give the whole stack"
        yield _finding("warning", "single slice", row, path, detail, hint)
    off = None if image is None else misfit(image, space)
    if off is not None:
        severity = "warning" if off.fits_as_used else "error"
        hint = "Resample the label to its image, or correct its header"
        yield _finding(severity, "label off its image", row, path, off.what, hint)


def orientation(affine: npt.NDArray[np.float64]) -> str:
    """Name the corner that the first voxel lies in, as the Spinal Cord Toolbox does (RPI)."""
    opposite = dict(zip("LRAPSI", "RLPAIS", strict=True))
    return "".join(opposite[str(code)] for code in nib.aff2axcodes(affine))


def _value_findings(row: Row, kind: str, values: npt.NDArray[np.float32]) -> Iterator[Finding]:
    path, low, high = row[kind], float(values.min()), float(values.max())
    if kind == "image":
        if low == high:
            hint = "Leave this image out"
            yield _finding("error", "constant image", row, path, f"every voxel is {low:g}", hint)
        return
    if high <= 0:
        yield _finding("warning", f"empty {_words(kind)}", row, path, "", "Draw it, or leave the image out")
        return
    if kind in MASK_KINDS and (low < -VALUE_TOLERANCE or high > 1 + VALUE_TOLERANCE):
        hint = "Rescale it, or choose another label"
        yield _finding("error", "label values outside 0..1", row, path, f"{low:g} to {high:g}", hint)
    elif kind in ("hard_seg", "soft_bin_seg") and not np.isin(values, (0, 1)).all():
        hint = Remedy.MASK_IS_SOFT
        yield _finding("warning", "hard mask is not binary", row, path, f"{low:g} to {high:g}", hint)
    elif kind in ("discs", "levels") and (values != np.round(values)).any():
        hint = "Each disc or level has a whole number"
        yield _finding("warning", f"{_words(kind)} are not whole numbers", row, path, "", hint)


def _repeated(volumes: pd.DataFrame) -> Iterator[Finding]:
    """Two images with the same voxels are one person twice; two such masks say nothing about contrasts."""
    volumes = volumes[volumes["kind"].isin(("image", *MASK_KINDS)) & volumes["digest"].notna()]
    for _, group in volumes.groupby(["kind", "digest", "shape"]):
        first, *others = records(group)
        for other in others:
            hint = "Keep one, or keep both out of comparisons between contrasts or participants"
            detail = f"as {first['file'].rpartition('/')[2]}"
            what = f"same voxels in two {'images' if other['kind'] == 'image' else 'masks'}"
            yield _finding("warning", what, other, other["file"], detail, hint)


def _outliers(volumes: pd.DataFrame) -> Iterator[Finding]:
    images = volumes[volumes["kind"] == "image"]
    for contrast, group in images.groupby("contrast"):
        for column, what, unit in (("fov_si_mm", "field of view", " mm"), ("p99", "intensity", "")):
            values = group[column].astype(float)
            for row in records(group[_stands_out(values)]):
                detail = f"{row[column]:.4g}{unit}, median of {contrast} {values.median():.4g}{unit}"
                hint = "Look at the image"
                yield _finding("note", f"{what} stands out", row, row["file"], detail, hint)


def _stands_out(values: "pd.Series[float]", n_sd: float = 6, at_least: int = 8) -> "pd.Series[bool]":
    """Mark values more than 6 robust SDs, and more than a third, off the median of eight or more."""
    distance = (values - values.median()).abs()
    sd = 1.4826 * distance.median()
    far = (distance > n_sd * sd) & (distance > values.median() / 3)
    return far & (len(values.dropna()) >= at_least)


def _words(kind: str) -> str:
    return WORDS.get(kind, kind)


def _unusable(words: str, row: Row, path: str, detail: str, hint: str = "") -> Finding:
    return _finding("error", f"unusable {words}", row, path, detail, hint)


def _finding(severity: Severity, what: str, row: Row, path: str, detail: str, hint: str) -> Finding:
    return Finding(severity, what, path, row["participant_id"], row["contrast"], detail, hint)
