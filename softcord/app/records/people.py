"""Who was tested: participants.tsv and sessions.tsv of a run, and of the runs that are compared."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.data.participants import participants_table
from softcord.data.sessions import read_sessions, sessions_table
from softcord.io.tables import write_table

if TYPE_CHECKING:
    import pandas as pd

PARTICIPANTS, SESSIONS = "participants.tsv", "sessions.tsv"


def write_people(run_dir: Path, participants: "pd.DataFrame", sessions: "pd.DataFrame") -> None:
    """Keep beside a run what the dataset says about those it was tested on."""
    for name, table in ((PARTICIPANTS, participants), (SESSIONS, sessions)):
        if len(table):
            write_table(run_dir / name, table)


def read_people(
    folders: Sequence[Path], dataset: Path | None, measured: Iterable[str]
) -> "tuple[pd.DataFrame | None, pd.DataFrame | None]":
    """Return the tables of participants and of sessions of those who were measured; None where there is none.

    They are those of ``dataset``, a BIDS folder or any folder with the two files, or else those beside the
    measures; each participant is taken from the first folder that has them.

    Raises:
        DataError: a participant has two rows that differ.
    """
    names = set(measured)
    if dataset is not None:
        sessions = read_sessions(dataset, sorted(names))
        people = _participants(dataset / PARTICIPANTS)
        return people, sessions if len(sessions) else None
    return _first(folders, PARTICIPANTS, _participants, names), _first(
        folders, SESSIONS, sessions_table, names
    )


def _participants(path: Path) -> "pd.DataFrame | None":
    return participants_table(path, refuse_twice=True)


def _first(
    folders: Sequence[Path], name: str, read: "Callable[[Path], pd.DataFrame | None]", measured: Iterable[str]
) -> "pd.DataFrame | None":
    import pandas as pd

    missing, tables = set(measured), []
    for folder in dict.fromkeys(folders):
        table = read(folder / name) if missing else None
        if table is not None:
            tables.append(table[table["participant_id"].isin(missing)])
            missing -= set(table["participant_id"])
    return pd.concat(tables, ignore_index=True) if tables else None
