"""participants.tsv: what a dataset says about its participants."""

import csv
import logging
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")


def read_participants(root: Path | str, participants: Iterable[str]) -> "pd.DataFrame":
    """Return a row of text for each of these participants, with the columns of ``root/participants.tsv``.

    Values are missing (NaN) where the file has none. Without a usable file there is the column participant_id
    only; `softcord check` says what is wrong with it.
    """
    import pandas as pd

    everybody = pd.DataFrame({"participant_id": list(dict.fromkeys(participants))}, dtype=object)
    table = participants_table(Path(root) / "participants.tsv")
    return everybody if table is None else everybody.merge(table, on="participant_id", how="left")


def participants_table(path: Path) -> "pd.DataFrame | None":
    """Return a participants.tsv as text, NaN for ``n/a``, a row each; None if it cannot be used."""
    import pandas as pd

    try:
        table = pd.read_csv(
            path,
            sep="\t",
            dtype=str,
            encoding="utf-8-sig",
            na_values=["n/a"],
            keep_default_na=False,
            quoting=csv.QUOTE_NONE,
            on_bad_lines="skip",
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        logger.warning("%s cannot be read and is left out (%s)", path, " ".join(str(error).split()))
        return None
    return table.drop_duplicates("participant_id") if "participant_id" in table else None
