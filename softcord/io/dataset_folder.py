"""The folder of what is made of a dataset: of two datasets of one name each has its own."""

import json
from itertools import count
from pathlib import Path

from filelock import FileLock

from softcord.io.files import write_json
from softcord.io.names import file_name

_MARK = "dataset.json"


def dataset_folder(parent: Path, name: str, root: Path) -> Path:
    """Return ``parent/name``, or ``parent/name-2``, ... where that belongs to another dataset of that name.

    Whose a folder is stands in it. One in which nothing says so is there to be taken. Nothing is written: who
    is about to write there calls :func:`claim_dataset_folder`.

    Args:
        parent: where results of this kind lie.
        name: what the dataset is called.
        root: where the dataset is, which tells it from others.
    """
    own = str(root.resolve())
    for number in count(1):
        folder = parent / (file_name(name) if number == 1 else f"{file_name(name)}-{number}")
        if _owner(folder) in (None, own):
            return folder
    raise AssertionError("count ends")


def claim_dataset_folder(parent: Path, name: str, root: Path) -> Path:
    """Return what :func:`dataset_folder` does, and note in it whose it is.

    Of two datasets that come at once, one waits for the other and then finds the folder taken: also those of
    two names, as the second one called ``study`` and the first called ``study-2`` look for one folder.
    """
    parent.mkdir(parents=True, exist_ok=True)
    with FileLock(parent / ".datasets.lock"):
        folder = dataset_folder(parent, name, root)
        if _owner(folder) is None:
            write_json(folder / _MARK, {"root": str(root.resolve())})
    return folder


def _owner(folder: Path) -> str | None:
    """Return where the dataset of a folder is; None where nothing says so."""
    try:
        content = json.loads((folder / _MARK).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return str(content["root"]) if isinstance(content, dict) and "root" in content else None
