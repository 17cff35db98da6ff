"""Read the measures of many runs into one compact table."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.errors import DataError
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import MEASURE_COLUMNS, read_measures

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
        if metrics is not None:
            table = table[table["metric"].isin(metrics)]
        if level is not None:
            table = table[table["level"].isin([level, "all", "n/a"])]
        # Made compact file by file: as text, a thousand of them would not fit.
        tables.append(table.astype(dict.fromkeys(_TEXT, "category")))
    if not tables:
        raise DataError("measures", "there are none", "Finish a run first")
    return join_per_contrast(_stacked(tables))


def join_per_contrast(measures: pd.DataFrame) -> pd.DataFrame:
    """Make one method of models trained on one contrast each, as the paper's ``soft_per_contrast``.

    Runs whose names differ only in the contrast they were trained on (``soft_T1w``, ``soft_T2w``, ...) are
    joined if together they cover every contrast they were tested on. Each then answers for its own contrast
    only, and the spread over contrasts is computed again. Other runs of one contrast stay what they are.
    """
    runs = measures[["run", "method", "contrasts_trained", "seed"]].drop_duplicates().astype(str)
    single = runs[runs["contrasts_trained"].isin(CONTRASTS)]
    names = [
        method.replace(f"_{contrast}", "_per_contrast", 1)
        for method, contrast in zip(single["method"], single["contrasts_trained"], strict=True)
    ]
    joined = []
    for (name, seed), members in single.assign(name=names).groupby(["name", "seed"]):
        rows = measures[measures["run"].isin(members["run"])].astype(dict.fromkeys(_TEXT, str))
        if set(members["contrasts_trained"]) >= set(rows["contrast"]) - {"all"}:
            own = rows[rows["contrast"] == rows["contrasts_trained"]]
            own = own.assign(run=f"{name}_s{seed}", method=str(name), contrasts_trained="each its own")
            joined += [own, csa_std_rows(own)]
            measures = measures[~measures["run"].isin(members["run"])]
    return _stacked([measures, *joined]) if joined else measures


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    stacked = {"value": pd.concat([table["value"] for table in tables], ignore_index=True)}
    for name in _TEXT:
        columns = [pd.Categorical(table[name]) for table in tables]
        stacked[name] = pd.Series(pd.api.types.union_categoricals(columns, sort_categories=True))
    return pd.DataFrame(stacked)[list(MEASURE_COLUMNS)]
