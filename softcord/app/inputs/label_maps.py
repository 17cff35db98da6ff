"""Label maps to train on in place of images, for an augmentation that draws images from them."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.plan import Plan, jobs_of
from softcord.app.inputs.training_data import cached_volumes
from softcord.data.cache import CachedVolume, CacheSettings
from softcord.data.tissues import with_tissues
from softcord.errors import DataError, UsageError
from softcord.processes.parallel import parallel_map

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")


def label_map_volumes(plan: Plan, table: "pd.DataFrame", name: str) -> list[CachedVolume]:
    """Return label maps with their cord masks, as many as ``table`` has images.

    Of images that have tissue labels, each map as often as it takes to make as many patches an epoch as the
    images would; where none has, the maps are made from mask and brightness of each image.

    Raises:
        DataError: a file that cannot be used, by name.
        UsageError: structures are chosen by label number, and no image has labels.
    """
    labelled = table[table["tissues"].notna()]
    if labelled.empty:
        mixture = plan.augment().mixture
        if mixture and mixture.structures:
            what = f"are numbers of tissue labels, and no {name} image has tissue labels"
            raise UsageError("recipe.synthseg_structures", what, "Set it to null")
        logger.info("%s: no tissue labels, so classes of brightness around the cord stand for tissues", name)
        labelled = table
    volumes = cached_volumes(plan, labelled, name)
    maps = [
        (volume, Path(path) if isinstance(path, str) else None, plan.volumes)
        for volume, path in zip(volumes, labelled["tissues"], strict=True)
    ]
    for outcome in parallel_map(_make, maps, jobs_of(plan)):
        if outcome.error:
            raise DataError(f"{name} label maps", outcome.error, "Repair the file or remove it")
    made = [with_tissues(*one) for one in maps]
    return [made[i % len(made)] for i in range(len(table))]


def _make(one: tuple[CachedVolume, Path | None, CacheSettings]) -> None:
    with_tissues(*one)
