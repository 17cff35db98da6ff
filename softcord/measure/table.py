"""measures.csv: one number a row, fixed columns, written whole or not at all."""

from collections.abc import Iterable
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

import numpy as np
import pandas as pd

from softcord.errors import DataError
from softcord.io.tables import MISSING, write_table
from softcord.measure.metrics import METRICS
from softcord.remedies import Remedy

MEASURE_COLUMNS = (
    "run",
    "method",
    "gt",
    "contrasts_trained",
    "loss",
    "seed",
    "participant_id",
    "session_id",
    "contrast",
    "level",
    "metric",
    "value",
    "unit",
)


@dataclass(frozen=True, slots=True)
class Measure:
    """One number and all that says what it is. A missing value is NaN, a missing word "n/a".

    ``level`` is "3" for one vertebral level, "2:3" for a range, "all" for every slice of the mask.
    """

    participant_id: str
    contrast: str
    metric: str
    value: float
    level: str = MISSING
    session_id: str = MISSING
    run: str = MISSING
    method: str = MISSING
    gt: str = MISSING
    contrasts_trained: str = MISSING
    loss: str = MISSING
    seed: str = MISSING

    @property
    def unit(self) -> str:
        """The unit of the metric, from the one place that knows it."""
        return METRICS[self.metric].unit


def measures_frame(rows: Iterable[Measure]) -> pd.DataFrame:
    """Return the rows as a frame with exactly the columns of measures.csv; ``value`` is float64."""
    frame = pd.DataFrame.from_records(
        map(attrgetter(*MEASURE_COLUMNS), rows), columns=pd.Index(MEASURE_COLUMNS)
    )
    return _typed(frame)


def write_measures(path: Path | str, frame: pd.DataFrame) -> None:
    """Write a table of measures as CSV: UTF-8, full precision, n/a for what is missing.

    Names that a spreadsheet would take for formulas, and control characters, are neutralised. Columns beyond
    those of measures.csv are kept, behind them. The file appears complete or not at all.

    Raises:
        DataError: a column of measures.csv is missing.
    """
    path = Path(path)
    _check_columns(path, frame)
    extra = [name for name in frame.columns if name not in MEASURE_COLUMNS]
    write_table(path, frame[[*MEASURE_COLUMNS, *extra]])


def read_measures(path: Path | str, *, compact: bool = False) -> pd.DataFrame:
    """Read measures.csv: ``value`` as float64 (NaN where n/a), every other column as text.

    ``compact`` makes the columns of text categorical, which takes less memory.

    Raises:
        DataError: the file is missing or not CSV, lacks a column, or has a value that is no number.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError(path, "does not exist", Remedy.MEASURE_FIRST)
    try:
        frame = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(path, f"is not a table of measures ({error})", "Write it again") from error
    _check_columns(path, frame)
    values = frame["value"].where(frame["value"] != MISSING)
    try:
        frame["value"] = pd.to_numeric(values).astype(np.float64)
    except ValueError as error:
        raise DataError(path, f"column value holds what is no number ({error})", "Write n/a there") from error
    if np.isinf(frame["value"]).any():
        raise DataError(path, "column value holds an infinite number", "Write n/a there")
    if not compact:
        return frame
    # Only now: read as categories, a column of digits would become numbers, and participant 01 be 1.
    return frame.astype({name: "category" for name in frame.columns if name != "value"})


def _check_columns(path: Path, frame: pd.DataFrame) -> None:
    lacking = [name for name in MEASURE_COLUMNS if name not in frame.columns]
    if lacking:
        known = ", ".join(MEASURE_COLUMNS)
        raise DataError(path, f"lacks the column {', '.join(lacking)}", f"The columns are {known}")


def _typed(frame: pd.DataFrame) -> pd.DataFrame:
    text = {name: str for name in MEASURE_COLUMNS if name != "value"}
    return frame.astype({**text, "value": np.float64})
