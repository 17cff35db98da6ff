"""participants.tsv: what a dataset says about its participants."""

import csv
import logging
import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from softcord.errors import DataError

logger = logging.getLogger("softcord")


def read_participants(root: Path | str, participants: Iterable[str]) -> pd.DataFrame:
    """Return a row of text for each of these participants, with the columns of ``root/participants.tsv``.

    Values are missing (NaN) where the file has none. Without a usable file there is the column participant_id
    only; `softcord check` says what is wrong with it.
    """
    everybody = pd.DataFrame({"participant_id": list(dict.fromkeys(participants))}, dtype=object)
    table = participants_table(Path(root) / "participants.tsv")
    return everybody if table is None else everybody.merge(table, on="participant_id", how="left")


def participants_table(path: Path, *, refuse_twice: bool = False) -> pd.DataFrame | None:
    """Return a participants.tsv with one row each; None, and a warning in the log, if it cannot be used.

    Of a participant with two different rows the first is taken, with a warning; or they are refused.

    Raises:
        DataError: with ``refuse_twice``, a participant has two rows that differ.
    """
    if not path.exists():
        return None
    try:
        table = read_table(path).drop_duplicates()
    except ValueError as error:
        logger.warning("%s cannot be read and is left out (%s)", path, error)
        return None
    twice = table.loc[table.duplicated("participant_id"), "participant_id"]
    if len(twice):
        contradiction = DataError(path, f"{twice.iloc[0]} has two rows that differ", "Keep the right one")
        if refuse_twice:
            raise contradiction
        logger.warning("%s Until then the first counts.", contradiction)
    return table.drop_duplicates("participant_id")


def read_table(path: Path, key: str = "participant_id") -> pd.DataFrame:
    """Return the rows of a participants.tsv, or of another table of BIDS, as text, NaN for ``n/a``.

    Raises:
        ValueError: it is no table with the column ``key``; the message says why, in one line.
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
    if key not in table:
        raise ValueError(f"no column {key}; columns are separated by tabs")
    return table
