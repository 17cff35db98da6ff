"""Tables with a row per participant and a column per method or contrast, seeds and sessions averaged."""

from collections.abc import Collection, Iterator

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.stats.frames import Unit
from softcord.stats.grid import Grid, means_by_contrast, means_by_participant
from softcord.stats.measured import Measured


def by_method(found: Measured, unit: Unit = "participant", contrasts: Collection[str] = ()) -> pd.DataFrame:
    """Return a row per participant (``pooled``: per image) and a column per method.

    A participant's value is the mean over the contrasts that the method was tested on (of those asked for);
    it is missing where the method lacks an image that another method has, so no mean hides a failed image.
    """
    columns = {}
    grids: dict[tuple[str, ...], Grid] = {}
    for method in found.names():
        own = [name for name in found.contrasts_of(method) if not contrasts or name in contrasts]
        if not own:
            continue
        if tuple(own) not in grids:
            grids[tuple(own)] = found.over(own)
        grid = grids[tuple(own)]
        if unit == "participant":
            columns[method] = pd.Series(means_by_participant(grid, method), index=list(grid.people))
            continue
        means, _, names = means_by_contrast(grid, grid.of(method))
        index = pd.MultiIndex.from_product([grid.people, names], names=["participant_id", "contrast"])
        columns[method] = pd.Series(means.ravel(), index=index)
    wide = pd.DataFrame(columns)
    wide.columns.name = "method"
    return wide.dropna(how="all") if unit == "pooled" else wide


def by_contrast(found: Measured) -> dict[str, pd.DataFrame]:
    """Return, per method, a row per participant and a column per contrast that it was tested on."""
    index = pd.Index(found.base.people, name="participant_id")
    return {
        method: pd.DataFrame(values, index=index, columns=pd.Index(names, name="contrast"))
        for method, names, values in contrast_values(found)
    }


def contrast_values(found: Measured) -> Iterator[tuple[str, list[str], npt.NDArray[np.float64]]]:
    """Yield each method, the contrasts it has values of, and those, shape (participants, contrasts)."""
    for method in found.names():
        means, _, names = means_by_contrast(found.base, found.base.of(method))
        kept = np.flatnonzero(np.isfinite(means).any(axis=0))
        yield method, [names[k] for k in kept], means[:, kept]
