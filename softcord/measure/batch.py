"""Many masks at once: find them with their labels, measure in parallel, go on where it was interrupted."""

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from shutil import rmtree

import pandas as pd

from softcord.data.bids import IMAGE_EXTENSIONS, LABEL_KINDS, BidsFile, bids_stem, list_files
from softcord.errors import DataError
from softcord.io.files import write_text
from softcord.measure.csa import METHOD_VERSION
from softcord.measure.files import FileMeasures, MaskFiles, MeasureSettings, measure_file
from softcord.measure.tidy import image_stem
from softcord.processes.parallel import parallel_map

_MASK_KINDS = ("hard_seg", "soft_seg", "soft_bin_seg")


@dataclass(frozen=True)
class Batch:
    """What came of many masks: the measures in the order asked, and one line per mask that failed."""

    measured: list[FileMeasures]
    errors: list[str]


def find_masks(root: Path, labels_root: Path | None = None, suffix: str | None = None) -> list[MaskFiles]:
    """List the cord masks of a derivatives folder, each with its disc labels (or level image) if there.

    Args:
        root: folder that holds ``sub-*``.
        labels_root: folder with the disc labels in the same tree; by default ``root``, then ``labels`` beside
            it.
        suffix: end of the masks' names without extension, for example ``_label-SC_softseg``; by default all
            the names that cord masks have in public datasets.

    Raises:
        DataError: there is no such folder, or no mask in it; or a folder in it may not be read.
    """
    if not root.is_dir():
        raise DataError(root, "is not a folder", "Give a folder that holds sub-*")
    endings = (suffix,) if suffix else tuple(f"_{name}" for kind in _MASK_KINDS for name in _names(kind))
    roots = [labels_root] if labels_root else [root, root.parent / "labels"]
    listing = list_files(str(root))
    masks = [
        file
        for file in listing.files
        if file.extension in IMAGE_EXTENSIONS and f"_{file.stem}".endswith(endings)
    ]
    if listing.unreadable:
        raise DataError(listing.unreadable[0], "may not be read", "Check its permissions")
    if not masks:
        raise DataError(root, f"holds no mask named *{' or *'.join(endings)}", "Name them with -suffix")
    return [_with_labels(mask, root, roots) for mask in masks]


def _names(kind: str) -> tuple[str, ...]:
    return LABEL_KINDS[kind].endings + LABEL_KINDS[kind].old_endings


def _with_labels(mask: BidsFile, root: Path, roots: list[Path]) -> MaskFiles:
    path = Path(mask.path)
    image = bids_stem(mask.participant_id, mask.session_id, image_stem(mask.stem))
    folders = [labels / path.parent.relative_to(root) for labels in roots]
    discs, levels = (_labels(folders, image, kind) for kind in ("discs", "levels"))
    used = discs or levels
    return MaskFiles(
        path, next(iter(discs), None), None if discs else next(iter(levels), None), unused=tuple(used[1:])
    )


def _labels(folders: list[Path], image: str, kind: str) -> list[Path]:
    """The labels of a kind that an image has, preferred ones first."""
    names = (f"{image}_{name}{extension}" for name in _names(kind) for extension in IMAGE_EXTENSIONS)
    candidates = (folder / name for name in names for folder in folders)
    return [path for path in dict.fromkeys(candidates) if path.exists()]


def measure_files(
    files: Sequence[MaskFiles],
    settings: MeasureSettings,
    memory: Path,
    *,
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
) -> Batch:
    """Measure masks in ``jobs`` processes; one that cannot be measured never stops the rest.

    Args:
        files: the masks.
        settings: how to measure.
        memory: folder that remembers what is done, so that the same call after an interruption goes on from
            there; a mask that changed, or other settings, are measured anew. See :func:`forget`.
        jobs: processes.
        on_done: called with each mask's name.
    """
    keys = {file: memory / f"{_key(file, settings)}.json" for file in files}
    done = {file: known for file, path in keys.items() if (known := _recall(file, path))}
    todo = [file for file in dict.fromkeys(files) if file not in done]
    errors = {}
    if on_done:
        for file in done:
            on_done(file.mask.name)
    for outcome in parallel_map(partial(measure_file, settings=settings), todo, jobs):
        if outcome.value is None:
            name, error = str(outcome.item.mask), outcome.error or "failed"
            errors[outcome.item] = error if name in error else f"{name}: {error}"
        else:
            done[outcome.item] = outcome.value
            _remember(outcome.value, keys[outcome.item])
        if on_done:
            on_done(outcome.item.mask.name)
    ordered = list(dict.fromkeys(files))
    return Batch([done[f] for f in ordered if f in done], [errors[f] for f in ordered if f in errors])


def forget(memory: Path) -> None:
    """Delete the memory of a batch, once its tables are written."""
    rmtree(memory, ignore_errors=True)


def _key(files: MaskFiles, settings: MeasureSettings) -> str:
    stamps = []
    for path in (files.mask, files.discs, files.levels, files.reference, files.uncertainty):
        if path is not None and os.path.exists(path):
            status = path.stat()
            stamps.append((str(path.resolve()), status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr((stamps, settings, METHOD_VERSION)).encode()).hexdigest()[:24]


def _remember(measures: FileMeasures, path: Path) -> None:
    content = {
        "groups": measures.groups.to_dict("records"),
        "overlap": measures.overlap,
        "space": measures.space,
        "notes": measures.notes,
    }
    write_text(path, json.dumps(content, default=lambda number: number.item()))


def _recall(files: MaskFiles, path: Path) -> FileMeasures | None:
    if not path.exists():
        return None
    content = json.loads(path.read_text(encoding="utf-8"))
    groups = pd.DataFrame(content["groups"])
    return FileMeasures(files, groups, content["overlap"], content["space"], tuple(content["notes"]))
