"""Where a ground truth comes from, written beside it, and read again to recognise what is done."""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from softcord import __version__
from softcord.data.filehash import checksum
from softcord.errors import DataError
from softcord.gt.inputs import ImageFiles, native_grid
from softcord.gt.settings import GtSettings
from softcord.gt.summary import Row
from softcord.gt.variant import recipe
from softcord.io.files import write_json
from softcord.io.sidecar import Json, is_by_softcord, read_json, read_sidecar

_GENERATOR = {
    "Name": "softcord",
    "Version": __version__,
    "Description": "Average of the aligned spinal cord masks of several contrasts",
}


def provenance(
    files: Sequence[ImageFiles], settings: GtSettings, contrasts: Sequence[str], derivative: Path
) -> Json:
    """Return what determines a participant's ground truth: the recipe, and the inputs with their checksums.

    Of an image only the grid matters. ``Fingerprint`` is a hash of the contents, whatever the files' names.
    """
    contents = {
        row.contrast: {"Grid": _grid(row.image), "SHA256": _sum(row.hard_seg), "DiscsSHA256": _sum(row.discs)}
        for row in files
    }
    content = [recipe(settings, contrasts), settings.name, contents]
    masks = {row.contrast: row.hard_seg for row in files if row.hard_seg is not None}
    return {
        "Sources": [os.path.relpath(mask, derivative) for mask in masks.values()],
        "Recipe": recipe(settings, contrasts),
        "Inputs": contents,
        "Fingerprint": hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest(),
    }


def _sum(path: str | None) -> str | None:
    return None if path is None else checksum(path)


def _grid(path: str) -> list[Any] | None:
    try:
        grid = native_grid(path)
    except DataError:
        return None
    return [*grid.shape, *(round(float(value), 6) for value in grid.affine.ravel())]


def sidecar(origin: Json, rows: Mapping[str, Row], contrast: str) -> Json:
    """Return the JSON beside the ground truth of one contrast.

    ``Weights`` are each contrast's share in the average, ``Report`` is this contrast's row of the report.
    """
    return {
        "SpatialReference": "orig",
        "GeneratedBy": [_GENERATOR],
        **origin,
        "Weights": {key: row["weight_share"] for key, row in rows.items()},
        "Report": dict(rows[contrast]),
    }


def finished_row(path: Path, mark: str) -> Row | None:
    """Return the report's row of a ground truth with this fingerprint, None if it has to be built."""
    content = read_sidecar(path)
    is_same = content.get("Fingerprint") == mark and path.is_file()
    return content["Report"] if is_same else None


def recorded_inputs(path: Path) -> dict[str, tuple[str | None, str | None]] | None:
    """Return, by contrast, the checksums of masks and disc labels that a ground truth was made from.

    None where nothing says so: the file is not finished, or not ours.
    """
    try:
        inputs = read_sidecar(path)["Inputs"]
        return {contrast: (one["SHA256"], one["DiscsSHA256"]) for contrast, one in inputs.items()}
    except (KeyError, TypeError, AttributeError):
        return None


def describe_dataset(derivative: Path, settings: GtSettings, contrasts: Sequence[str], source: Path) -> None:
    """Write the variant's dataset_description.json, after checking that the folder is ours.

    Raises:
        DataError: the folder holds something that softcord did not make.
    """
    path = derivative / "dataset_description.json"
    if derivative.is_dir() and any(derivative.iterdir()) and not is_ours(path):
        hint = "Use these labels as they are, or choose another recipe: each has its own folder"
        raise DataError(derivative, "holds labels that softcord did not make, so it stays as it is", hint)
    content = {
        "Name": f"softcord ground truth: {derivative.name}",
        "BIDSVersion": "1.10.0",
        "DatasetType": "derivative",
        "GeneratedBy": [_GENERATOR | {"Recipe": recipe(settings, contrasts), "GroundTruth": settings.name}],
        "SourceDatasets": [{"URL": os.path.relpath(source, derivative)}],
    }
    write_json(path, content)


def is_ours(path: Path) -> bool:
    """Whether softcord made the derivatives folder that this dataset_description.json describes."""
    return is_by_softcord(read_json(path))
