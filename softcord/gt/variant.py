"""The name of a ground-truth variant: a folder of its own for every recipe and set of contrasts."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from softcord.contrasts import CONTRASTS, NAMED_SETS, PAPER_SIX
from softcord.data.bids import LABEL_KINDS, label_path, parse_path
from softcord.errors import DataError, UsageError
from softcord.gt.settings import GtSettings
from softcord.remedies import Remedy

# Changes whenever the voxels would: ground truth of another version is built anew.
METHOD_VERSION = "softcord-gt-2"
_KINDS = {"soft": LABEL_KINDS["soft_seg"], "soft_bin": LABEL_KINDS["soft_bin_seg"]}


def variant_name(settings: GtSettings, contrasts: Sequence[str]) -> str:
    """Return the derivatives folder of a recipe, e.g. ``labels_softseg-c2-rigid-1f0c9a``.

    The default recipe on the paper's six contrasts has the public dataset's name, ``labels_softseg``.

    Raises:
        UsageError: ``gt=hard``, for which nothing is built.
    """
    if settings.name not in _KINDS:
        raise UsageError(
            "gt", "hard masks are used as they are: there is nothing to build", Remedy.BUILD_SOFT
        )
    folder = _KINDS[settings.name].folder
    if recipe(settings, contrasts) == recipe(GtSettings(), PAPER_SIX):
        return folder
    content = json.dumps(recipe(settings, contrasts), sort_keys=True)
    words = [folder, _contrasts_word(contrasts), *_recipe_words(settings)]
    return "-".join([*words, hashlib.sha256(content.encode()).hexdigest()[:6]])


def recipe(settings: GtSettings, contrasts: Sequence[str]) -> dict[str, object]:
    """Return all that determines a soft mask besides the data; JSON-like, the order of contrasts aside."""
    content = {key: value for key, value in asdict(settings).items() if key != "name"}
    content["trim_except"] = sorted(settings.trim_except)
    return content | {"contrasts": [key for key in CONTRASTS if key in contrasts], "method": METHOD_VERSION}


def _contrasts_word(contrasts: Sequence[str]) -> str:
    for count, names in NAMED_SETS.items():
        if set(names) == set(contrasts):
            return f"c{count}"
    return "".join(key for key in CONTRASTS if key in contrasts)


def _recipe_words(settings: GtSettings) -> list[str]:
    default = GtSettings()
    words = [
        settings.alignment if settings.alignment != default.alignment else "",
        settings.weighting if settings.weighting != default.weighting else "",
        f"trim{settings.trim_mm:g}mm".replace(".", "p") if settings.trim_mm else "",
        f"ref{settings.reference}" if settings.reference != default.reference else "",
    ]
    return [word for word in words if word]


def gt_path(derivative: Path | str, image: str, settings: GtSettings) -> Path:
    """Return where the ground truth of an image lies in a variant's folder."""
    return _beside(derivative, image, _KINDS[settings.name].endings[0])


def carried_discs_path(derivative: Path | str, image: str) -> Path:
    """Return where the carried disc labels of an image lie in a variant's folder."""
    return _beside(derivative, image, "label-discs_desc-warp_dlabel")


def _beside(derivative: Path | str, image: str, ending: str) -> Path:
    parsed = parse_path(image)
    if parsed is None:
        raise DataError(image, "is not a BIDS name", "Rename it to sub-XX_T2w.nii.gz or the like")
    return Path(label_path(str(derivative), parsed, ending))
