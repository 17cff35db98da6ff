"""sessions.tsv: what a dataset says about each session of its participants, such as age or date."""

import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.data.participants import read_table

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")


def read_sessions(root: Path | str, participants: Iterable[str]) -> "pd.DataFrame":
    """Return a row of text per session, from ``sub-XX/sub-XX_sessions.tsv`` or ``root/sessions.tsv``.

    Columns participant_id, session_id and whatever the files have; NaN for ``n/a``. Without a usable file
    there is no row.
    """
    import pandas as pd

    root, wanted = Path(root), list(dict.fromkeys(participants))
    tables = [_one(root / name / f"{name}_sessions.tsv", name) for name in wanted]
    shared = sessions_table(root / "sessions.tsv")
    if shared is not None:
        tables.append(shared[shared["participant_id"].isin(wanted)])
    found = [table for table in tables if table is not None]
    nothing = pd.DataFrame(columns=["participant_id", "session_id"], dtype=object)
    return pd.concat(found, ignore_index=True).drop_duplicates() if found else nothing


def sessions_table(path: Path) -> "pd.DataFrame | None":
    """Return a table of sessions with a column participant_id; None, and a warning, if it cannot be used."""
    return _checked(path, "participant_id")


def _one(path: Path, participant: str) -> "pd.DataFrame | None":
    table = _checked(path, "session_id")
    if table is None:
        return None
    # Its own name may stand in it, as some write it.
    return table.drop(columns="participant_id", errors="ignore").assign(participant_id=participant)


def _checked(path: Path, key: str) -> "pd.DataFrame | None":
    if not path.exists():
        return None
    try:
        table = read_table(path, key)
        if "session_id" not in table:
            raise ValueError("no column session_id; columns are separated by tabs")
    except ValueError as error:
        logger.warning("%s cannot be read and is left out (%s)", path, error)
        return None
    return table
