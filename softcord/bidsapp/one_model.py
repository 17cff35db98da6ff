"""A folder holds the masks of one model: one table of areas, and one paragraph of methods, is of one."""

from collections.abc import Iterable
from pathlib import Path

from softcord.errors import DataError
from softcord.io.sidecar import makers, read_sidecar

_KEY = "ModelWeightsSha256"


def refuse_two_models(masks: Iterable[Path], out: Path) -> None:
    """Refuse to measure masks of several models together.

    Raises:
        DataError: their sidecars name more than one.
    """
    known = [one for mask in masks for one in makers(read_sidecar(mask)) if _KEY in one]
    names = {str(one[_KEY]): one.get("Model") for one in known}
    if len(names) > 1:
        models = ", ".join(f"{name} {weights[:8]}" for weights, name in sorted(names.items()))
        what = f"holds masks of {len(names)} models ({models})"
        raise DataError(out, what, "Give each model its own folder")
