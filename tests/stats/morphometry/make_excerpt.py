"""Make the excerpt beside this file from the morphometry tables of PAM50-normalized-metrics (README.md).

``python make_excerpt.py people.csv.gz``: cord area over levels C2 and C3 of four datasets.
"""

import sys
from pathlib import Path

import pandas as pd

DATASETS = ("DLBS", "BLSA", "VUIIS-MS", "MASiVar")
COLUMNS = ["dataset", "participant_id", "session_id", "sex", "age", "pathology"]


def main(source: str) -> None:
    every = pd.read_csv(source, na_values="n/a", keep_default_na=False)
    cord = every[
        (every["structure"] == "cord") & every["level"].isin([2, 3]) & every["dataset"].isin(DATASETS)
    ]
    # BLSA changed its scanner; one of them, or a new scanner would pass for a change of cords.
    is_other = (cord["dataset"] == "BLSA") & ~cord["session_id"].str.endswith("scanner10", na=False)
    cord = cord[~is_other]
    by = cord.groupby(COLUMNS, dropna=False)["area_mm2"]
    table = by.mean()[by.count() == 2].round(2).reset_index()
    blsa = sorted(table.loc[table["dataset"] == "BLSA", "participant_id"].unique())
    kept = set(blsa[::5])  # every fifth of its participants, to keep the file small
    table = table[(table["dataset"] != "BLSA") | table["participant_id"].isin(kept)]
    table.to_csv(Path(__file__).with_name("excerpt.csv"), index=False, na_rep="n/a")


if __name__ == "__main__":
    main(*sys.argv[1:])
