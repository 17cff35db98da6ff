"""The one writer of tables: CSV and TSV whose cells no spreadsheet or terminal takes for an instruction."""

from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from softcord.io.files import replacing
from softcord.plain import plain_table

if TYPE_CHECKING:
    import pandas as pd

MISSING = "n/a"


def write_table(
    path: Path | str, table: "pd.DataFrame", *, missing: str = MISSING, durable: bool = False
) -> None:
    """Write a table in one step, whole or not at all: ``.tsv`` with tabs, every other name with commas.

    UTF-8, numbers with full precision, ``missing`` for what is missing, no index. Texts that a spreadsheet
    would take for formulas, and control characters, are neutralised in cells and headings. With ``durable``
    it is on the disk before it has its name.

    >>> import pandas as pd
    >>> write_table("names.csv", pd.DataFrame({"name": ["=1+1", None], "value": [0.5, -1]}))
    >>> print(open("names.csv").read(), end="")
    name,value
    '=1+1,0.5
    n/a,-1.0
    """
    with replacing(path, durable=durable) as temporary:
        print_csv(table, temporary, missing=missing, separator="\t" if Path(path).suffix == ".tsv" else ",")


def print_csv(
    table: "pd.DataFrame",
    to: Path | TextIO,
    *,
    missing: str = MISSING,
    separator: str = ",",
    header: bool = True,
) -> None:
    """Write a table as :func:`write_table` does, to an open file too."""
    plain_table(table).to_csv(
        to, sep=separator, index=False, na_rep=missing, header=header, lineterminator="\n"
    )
