"""Two models on the same images: a table of areas, a row per image and level."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.data.filehash import checksum
from softcord.drift.areas import NO_CORD, Labels, areas_of
from softcord.drift.masks import Contender, mask_of, mask_path
from softcord.drift.settings import DriftSettings
from softcord.errors import DataError, SoftcordError
from softcord.io.nifti import Volume
from softcord.measure.unsure import is_unsure

COLUMNS = (
    *("participant_id", "session_id", "contrast", "image", "level", "slices"),
    *("old_mm2", "new_mm2", "old_bin_mm2", "new_bin_mm2", "old_missed", "new_missed"),
    *("old_failed", "new_failed", "old_unsure", "new_unsure", "reason"),
)
_UNSURE = ("old_unsure", "new_unsure")


@dataclass(frozen=True)
class FrozenImage:
    """An image that both models see, and where its levels are read from."""

    participant_id: str
    session_id: str
    contrast: str
    image: Path
    labels: Labels

    @property
    def who(self) -> dict[str, str]:
        """The columns that say which image it is."""
        return {
            "participant_id": self.participant_id,
            "session_id": self.session_id,
            "contrast": self.contrast,
            "image": str(self.image),
        }


def compare_models(
    old: Contender,
    new: Contender,
    images: Iterable[FrozenImage],
    settings: DriftSettings,
    cache_dir: Path,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Return the areas of all images by both models: COLUMNS, a row per image and level.

    Where one model failed, or both, ``old_failed`` and ``new_failed`` say which, ``reason`` why, and the
    areas are NaN. An image that cannot be measured for another cause (labels, say) has a reason, NaN, and
    counts as no model's failure. ``old_unsure`` and ``new_unsure`` say by whom no cord could be followed.
    """
    rows: list[dict[str, object]] = []
    for one in images:
        rows += _image_rows(old, new, one, settings, cache_dir)
        if on_done:
            on_done(one.image.name)
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    return table.astype(dict.fromkeys(("old_failed", "new_failed", *_UNSURE), bool))


def _image_rows(
    old: Contender, new: Contender, one: FrozenImage, settings: DriftSettings, cache_dir: Path
) -> Iterator[dict[str, object]]:
    if settings.levels and one.labels == Labels():
        yield _without(one, settings, "no disc labels and no level image")
        return
    digest = checksum(one.image)
    masks: dict[str, Volume] = {}
    unsure = dict.fromkeys(_UNSURE, False)
    why: dict[str, str] = {}
    for side, model in (("old", old), ("new", new)):
        try:
            mask = mask_of(model, one.image, digest, cache_dir)
        except SoftcordError as error:
            why[side] = error.what
        else:
            masks[side] = mask
            unsure[f"{side}_unsure"] = is_unsure(mask_path(model, digest, cache_dir))
            if not (mask.data > 0.5).any():
                why[side] = NO_CORD
    if why:
        yield _without(one, settings, *_failures(why)) | unsure
        return
    try:
        measured = areas_of(masks["old"], masks["new"], one.labels, settings.levels)
    except DataError as error:
        yield _without(one, settings, error.what) | unsure
        return
    failed = {side: measured[0].failed(side) for side in ("old", "new")}
    missed = [side for side, is_so in failed.items() if is_so]
    reason = f"{' and '.join(missed)}: more than half of the slices missed" if missed else ""
    for level in measured:
        areas = asdict(level)
        if missed:
            areas |= dict.fromkeys((name for name in areas if name.endswith("mm2")), np.nan)
        yield {**one.who, **areas, **_flags(failed), **unsure, "reason": reason}


def _failures(why: dict[str, str]) -> tuple[str, dict[str, bool]]:
    text = "; ".join(f"{side}: {reason}" for side, reason in why.items())
    return text, {side: side in why for side in ("old", "new")}


def _without(
    one: FrozenImage, settings: DriftSettings, reason: str, failed: dict[str, bool] | None = None
) -> dict[str, object]:
    blank = dict.fromkeys(COLUMNS, np.nan)
    flags = _flags(failed or {"old": False, "new": False}) | dict.fromkeys(_UNSURE, False)
    return {**blank, **one.who, "level": settings.level, "slices": 0, **flags, "reason": reason}


def _flags(failed: dict[str, bool]) -> dict[str, bool]:
    return {"old_failed": failed["old"], "new_failed": failed["new"]}
