"""What a dataset is called: what it calls itself, else its folder."""

import json
import os
import re
from pathlib import Path

# Names that say nothing: of two datasets called so nobody can tell whether they are one.
SAY_NOTHING = ("bids", "bids_dataset", "data", "dataset", "images", "rawdata", "raw", "nifti", "sourcedata")
_LONGEST = 60
_READ_BYTES = 1_000_000


def dataset_name(root: Path) -> str:
    """Return the Name of dataset_description.json, else the folder's name, as folders and tables can have it.

    >>> dataset_name(Path("/somewhere/my study (2024)"))
    'my-study-2024'
    """
    names = [name for name in (_safe(_own_name(root)), _safe(Path(os.path.abspath(root)).name)) if name]
    return next((name for name in names if not says_nothing(name)), names[0] if names else "data")


def says_nothing(name: str) -> bool:
    """Whether a name is what any dataset may be called."""
    return name.lower().replace("-", "_") in SAY_NOTHING


def _own_name(root: Path) -> str:
    try:
        with (root / "dataset_description.json").open(encoding="utf-8") as file:
            content = json.loads(file.read(_READ_BYTES))
        return str(content.get("Name") or "")
    except (OSError, ValueError, AttributeError, RecursionError):
        return ""


def _safe(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("._-")[:_LONGEST].rstrip("._-")
