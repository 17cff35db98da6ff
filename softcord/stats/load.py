"""Read the measures of many runs into one compact table."""

from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.measure.table import MEASURE_COLUMNS, read_measures

_TEXT = [name for name in MEASURE_COLUMNS if name != "value"]


def load_measures(
    paths: Iterable[Path], metrics: Collection[str] | None = None, level: str | None = None
) -> pd.DataFrame:
    """Read several measures.csv as one table; ``metrics`` and ``level`` keep only those, to save memory.

    The columns of text are categorical: thousands of runs fit in little memory.

    Raises:
        DataError: no file, or one that is no table of measures, or nobody measured that level.
    """
    tables, levels = [], set[str]()
    for path in paths:
        table = read_measures(path)[list(MEASURE_COLUMNS)]
        if metrics is not None:
            table = table[table["metric"].isin(metrics)]
        if level is not None:
            levels.update(table["level"].unique())
            kept = table["level"].isin([level, "all", "n/a"])
            # Who was measured at other levels only stays, so that nobody vanishes from the count.
            table = table[kept | ~table["participant_id"].isin(table.loc[kept, "participant_id"])]
        # Made compact file by file: as text, a thousand of them would not fit.
        tables.append(table.astype(dict.fromkeys(_TEXT, "category")))
    if not tables:
        raise DataError("measures", "there are none", "Finish a run first")
    if levels - {"n/a"} and not levels & {str(level), "all"}:
        raise DataError(
            f"level {level}", "was not measured", f"Measured: {', '.join(sorted(levels - {'n/a'}))}"
        )
    return _stacked(tables)


def _stacked(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    stacked = {"value": pd.concat([table["value"] for table in tables], ignore_index=True)}
    for name in _TEXT:
        columns = [pd.Categorical(table[name]) for table in tables]
        stacked[name] = pd.Series(pd.api.types.union_categoricals(columns, sort_categories=True))
    return pd.DataFrame(stacked)[list(MEASURE_COLUMNS)]
