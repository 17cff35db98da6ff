"""participants.tsv: what a dataset says about its participants."""

import csv
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

logger = logging.getLogger("softcord")


def read_participants(root: Path | str, participants: Iterable[str]) -> pd.DataFrame:
    """Return a row of text for each of these participants, with the columns of ``root/participants.tsv``.

    Values are missing (NaN) where the file has none. Without a usable file there is the column participant_id
    only; `softcord check` says what is wrong with it.
    """
    everybody = pd.DataFrame({"participant_id": list(dict.fromkeys(participants))}, dtype=object)
    table = participants_table(Path(root) / "participants.tsv")
    return everybody if table is None else everybody.merge(table, on="participant_id", how="left")


def participants_table(path: Path) -> pd.DataFrame | None:
    """Return a participants.tsv with one row each; None, and a warning in the log, if it cannot be used."""
    if not path.exists():
        return None
    try:
        return read_table(path).drop_duplicates("participant_id")
    except ValueError as error:
        logger.warning("%s cannot be read and is left out (%s)", path, error)
        return None


def read_table(path: Path) -> pd.DataFrame:
    """Return the rows of a participants.tsv as text, NaN for ``n/a``.

    Raises:
        ValueError: it is no table with a column participant_id; the message says why, in one line.
    """
    if not path.is_file():
        raise ValueError("not a file")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", pd.errors.ParserWarning)  # lines longer than the header
            table = pd.read_csv(
                path,
                sep="\t",
                dtype=str,
                encoding="utf-8-sig",
                na_values=["n/a"],
                keep_default_na=False,
                quoting=csv.QUOTE_NONE,
                on_bad_lines="skip",
                index_col=False,  # or tabs at the ends of lines would make the ids an index
            )
    except (OSError, ValueError) as error:
        raise ValueError(" ".join(str(error).split())) from error
    if "participant_id" not in table:
        raise ValueError("no column participant_id; columns are separated by tabs")
    return table
