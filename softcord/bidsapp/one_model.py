"""A folder holds the masks of one model: one table of areas, and one paragraph of methods, is of one."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from softcord.errors import DataError, UsageError
from softcord.io.sidecar import makers, read_sidecar
from softcord.predict.write import weights_of

_KEY = "ModelWeightsSha256"
_HINT = "Give each model its own folder"


def refuse_other_model(out: Path, made_by: Mapping[str, object]) -> None:
    """Refuse to predict into a folder with another model's masks.

    Masks are looked at only where the folder's description does not say that they are of this model, so that
    a call for each participant of a large dataset reads one file.

    Args:
        out: the derivatives dataset.
        made_by: ``Model`` and ``ModelWeightsSha256`` of the model that is to predict.

    Raises:
        UsageError: some masks are of another.
    """
    own = str(made_by[_KEY])
    if weights_of(out) == own:
        return
    others = {key: name for key, name in _models(out.rglob("*_softseg.nii.gz")).items() if key != own}
    if others:
        what = (
            f"holds masks of another model ({_listed(others)}) than this ({_listed({own: made_by['Model']})})"
        )
        raise UsageError(out, what, _HINT)


def refuse_two_models(masks: Iterable[Path], out: Path) -> None:
    """Refuse to measure masks of several models together.

    Raises:
        DataError: their sidecars name more than one.
    """
    found = _models(masks)
    if len(found) > 1:
        raise DataError(out, f"holds masks of {len(found)} models ({_listed(found)})", _HINT)


def _models(masks: Iterable[Path]) -> dict[str, object]:
    """Return the name of each model that made some mask, by the checksum of its weights."""
    known = (one for mask in masks for one in makers(read_sidecar(mask)) if _KEY in one)
    return {str(one[_KEY]): one.get("Model") for one in known}


def _listed(models: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {weights[:8]}" for weights, name in sorted(models.items()))
