"""The images whose area changed most, with both masks drawn on them."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from softcord.data.filehash import checksum
from softcord.draw.qc import overlay_bytes
from softcord.drift.masks import Contender, mask_of
from softcord.errors import DataError
from softcord.io.names import nifti_stem
from softcord.io.nifti import read_volume

MOST = 10


@dataclass(frozen=True)
class ChangedImage:
    """An image, what became of it in words, and a picture of both masks (JPEG)."""

    name: str
    what: str
    jpeg: bytes


def most_changed(images: pd.DataFrame, at_most: int = MOST) -> pd.DataFrame:
    """Return the rows of the images that changed most: failures of one model first, then by the change.

    Images with the same area by both models are left out.
    """
    changed = (images["new_mm2"] - images["old_mm2"]).abs()
    one_failed = images["old_failed"] != images["new_failed"]
    order = changed.where(~one_failed, float("inf")).sort_values(ascending=False, kind="stable")
    return images.loc[order[order > 0].index[:at_most]]


def draw_changed(rows: pd.DataFrame, old: Contender, new: Contender, cache_dir: Path) -> list[ChangedImage]:
    """Draw the new mask (yellow) and the old one (green) on each image; a model's refusal draws no image."""
    drawn = []
    for row in rows.to_dict("records"):
        image = Path(str(row["image"]))
        digest = checksum(image)
        try:
            before, after = (mask_of(one, image, digest, cache_dir) for one in (old, new))
            jpeg = overlay_bytes(read_volume(image), after, before)
        except DataError:
            continue
        drawn.append(ChangedImage(nifti_stem(image), change_words(row), jpeg))
    return drawn


def change_words(row: Mapping[Hashable, object]) -> str:
    """Say what became of an image: the two areas, or why there are not two."""
    if row["reason"]:
        return str(row["reason"])
    old, new = float(str(row["old_mm2"])), float(str(row["new_mm2"]))
    return f"{old:.2f} → {new:.2f} mm² ({new - old:+.2f})"
