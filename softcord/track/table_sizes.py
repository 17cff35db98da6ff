"""Let SQLite know how large the tables of a store are.

It then sorts the runs of a study by a metric, as every page of the dashboard and the end of every run does,
with an index. Without, it looks through all values of the metric for each run: seconds for 10,000 runs, and a
hundred times that for ten times as many.
"""

import sqlite3
from contextlib import closing, suppress
from pathlib import Path

# Rows of an index that are looked at: milliseconds, however many there are.
_ROWS = 1000
_WAIT_S = 5.0


def learn_table_sizes(database: Path) -> None:
    """Note how large the tables are, in the database itself; one that may not be written is left as it is."""
    # It is a matter of speed alone: another process may be writing, too.
    with suppress(sqlite3.Error), closing(sqlite3.connect(database, timeout=_WAIT_S)) as connection:
        connection.execute(f"PRAGMA analysis_limit={_ROWS}")
        connection.execute("ANALYZE")
