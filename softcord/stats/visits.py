"""When a session was, and what is known of the participant: from the tables of participants and sessions."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from softcord.errors import DataError

# Looked for in this order where nobody names a column.
TIME_COLUMNS = ("age", "acq_time", "scan_date", "date")
DAYS_IN_A_YEAR = 365.25
# A column's last word says its unit; without one, numbers are years.
_IN_A_YEAR = {"days": DAYS_IN_A_YEAR, "weeks": DAYS_IN_A_YEAR / 7, "months": 12.0, "years": 1.0}
_KEYS = ("participant_id", "session_id")
_PEOPLE, _SESSIONS = "participants.tsv", "sessions.tsv"


@dataclass(frozen=True)
class Known:
    """What BIDS' tables say of participants and of their sessions, as text; either may be absent."""

    participants: pd.DataFrame | None
    sessions: pd.DataFrame | None

    def column(self, name: str, visits: pd.DataFrame) -> "pd.Series[str]":
        """Return a column's text for each row of ``visits`` (participant_id, session_id).

        Sessions come before participants: what changes between visits is in the former.

        Raises:
            DataError: neither table has the column, or a table has two values of it for one key.
        """
        for place, table, keys in self._tables():
            if name in table:
                return _looked_up(table, name, keys, visits, place)
        raise DataError(f"{_SESSIONS}, {_PEOPLE}", f"have no column {name}", f"They have: {self._columns()}")

    def time_column(self) -> str:
        """Return the column that says when a session was, the first of ``TIME_COLUMNS`` that is there.

        Raises:
            DataError: there is none.
        """
        for name in TIME_COLUMNS:
            if any(name in table and "session_id" in keys for _, table, keys in self._tables()):
                return name
        what = f"no column says when a session was (looked for {', '.join(TIME_COLUMNS)})"
        raise DataError(_SESSIONS, what, f"Name one with time=COLUMN; there are: {self._columns()}")

    def _tables(self) -> list[tuple[str, pd.DataFrame, list[str]]]:
        found = []
        for place, table in ((_SESSIONS, self.sessions), (_PEOPLE, self.participants)):
            if table is not None:
                found.append((place, table, [name for name in _KEYS if name in table]))
        return found

    def _columns(self) -> str:
        names = [str(name) for _, table, _ in self._tables() for name in table.columns if name not in _KEYS]
        return ", ".join(dict.fromkeys(names)) or "nothing"


def _looked_up(
    table: pd.DataFrame, name: str, keys: Sequence[str], visits: pd.DataFrame, place: str
) -> "pd.Series[str]":
    given = table[[*keys, name]].dropna(subset=[name]).astype(str).drop_duplicates()
    twice = given[given.duplicated(list(keys), keep=False)]
    if len(twice):
        where = " ".join(twice.iloc[0][list(keys)])
        values = " and ".join(twice[name].iloc[:2])
        raise DataError(place, f"{where} has two values of {name}, {values}", "Keep the right row")
    by_key = given.set_index(list(keys))[name]
    index = pd.MultiIndex.from_frame(visits[list(keys)]) if len(keys) > 1 else pd.Index(visits[keys[0]])
    return pd.Series(by_key.reindex(index).to_numpy(dtype=object), index=visits.index, dtype=object)


def years(text: "pd.Series[str]", name: str) -> "pd.Series[float]":
    """Read ages (80, ``89+`` is missing: it is no age) or dates (2021-05-03, with or without time) as years.

    A column whose name ends in days, weeks or months is brought to years; dates count from 1970.

    Raises:
        DataError: a value is neither a number nor a date.
    """
    given = text[text.notna() & ~text.astype(str).str.fullmatch(r"\d+\s*\+")]
    numbers = pd.to_numeric(given, errors="coerce")
    unit = re.split(r"[^a-z]+", name.lower())[-1]
    if numbers.notna().all():
        return (numbers.astype(np.float64) / _IN_A_YEAR.get(unit, 1.0)).reindex(text.index)
    if numbers.notna().any():
        wrong = given[numbers.isna()].iloc[0]
        raise DataError(f"column {name}", f"has {wrong!r} among numbers", "Write years, or n/a where unknown")
    dates = pd.to_datetime(given, errors="coerce", format="ISO8601", utc=True)
    if dates.isna().any():
        wrong = given[dates.isna()].iloc[0]
        raise DataError(
            f"column {name}", f"{wrong!r} is neither a number nor a date", "Write 2021-05-03 or n/a"
        )
    since = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(days=DAYS_IN_A_YEAR)
    return since.astype(np.float64).reindex(text.index)
