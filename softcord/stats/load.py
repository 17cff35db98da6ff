"""Read the measures of many runs into one compact table."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import MEASURE_COLUMNS, read_measures

PER_CONTRAST_SUFFIX = "_per_contrast"
_TEXT = [name for name in MEASURE_COLUMNS if name != "value"]


def load_measures(
    paths: Iterable[Path], metrics: Collection[str] | None = None, level: str | None = None
) -> pd.DataFrame:
    """Read several measures.csv as one table; ``metrics`` and ``level`` keep only those, to save memory.

    The columns of text are categorical: thousands of runs fit in little memory. Models trained on one
    contrast each are joined to one method (:func:`join_per_contrast`).

    Raises:
        DataError: no file, or one that is no table of measures.
    """
    tables = []
    for path in paths:
        table = read_measures(path)[list(MEASURE_COLUMNS)]
        wanted = pd.Series(True, index=table.index)
        if metrics is not None:
            wanted &= table["metric"].isin(metrics)
        if level is not None:
            wanted &= table["level"].isin([level, "all", "n/a"])
        tables.append(table[wanted])
    if not tables:
        raise DataError("measures", "there are none", "Finish a run first")
    return join_per_contrast(_stacked(tables))


def join_per_contrast(measures: pd.DataFrame) -> pd.DataFrame:
    """Make one method of the runs that were trained on one contrast each, as the paper's soft_per_contrast.

    Each such run answers for its own contrast only; the spread over contrasts is computed again from these.
    """
    is_part = measures["method"].astype(str).str.endswith(PER_CONTRAST_SUFFIX)
    if not is_part.any():
        return measures
    parts = measures[is_part].astype(dict.fromkeys(_TEXT, str))
    own = parts[parts["contrast"] == parts["contrasts_trained"]]
    joined = own.assign(run=own["method"] + "_s" + own["seed"], contrasts_trained="each its own")
    return _stacked([measures[~is_part], joined, csa_std_rows(joined)])


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    stacked = {"value": pd.concat([table["value"] for table in tables], ignore_index=True)}
    for name in _TEXT:
        columns = [pd.Categorical(table[name].astype(str)) for table in tables]
        stacked[name] = pd.Series(pd.api.types.union_categoricals(columns, sort_categories=True))
    return pd.DataFrame(stacked)[list(MEASURE_COLUMNS)]
