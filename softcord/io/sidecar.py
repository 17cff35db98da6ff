"""The JSON beside an image and in a derivatives folder: what it holds, and who it says made what is there."""

import json
from pathlib import Path
from typing import Any

from softcord.io.names import sidecar_of

Json = dict[str, Any]


def read_json(path: Path | str) -> Json:
    """Return the table in a JSON file, an empty one where there is no file, or one that holds no table."""
    try:
        found = json.loads(Path(path).read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_sidecar(image: Path | str) -> Json:
    """Return what the sidecar of a NIfTI file holds, as :func:`read_json` does."""
    return read_json(sidecar_of(Path(image)))


def makers(content: object) -> list[Json]:
    """Return the entries of ``GeneratedBy`` in a sidecar or a dataset_description.json.

    >>> makers({"GeneratedBy": [{"Name": "softcord"}, "somebody"]}), makers([])
    ([{'Name': 'softcord'}], [])
    """
    listed = content.get("GeneratedBy") if isinstance(content, dict) else None
    return [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []


def is_by_softcord(content: object) -> bool:
    """Whether softcord is among the makers."""
    return any(one.get("Name") == "softcord" for one in makers(content))


def said_by_maker(content: object, key: str) -> str:
    """Return what the first maker that has ``key`` says there, "" where none has.

    >>> said_by_maker({"GeneratedBy": [{"Name": "manual"}, {"Name": "softcord", "Model": "cord"}]}, "Model")
    'cord'
    """
    return next((str(one[key]) for one in makers(content) if key in one), "")
