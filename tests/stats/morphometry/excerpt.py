"""The excerpt of real cord areas as measures, participants.tsv and sessions.tsv."""

from functools import cache
from pathlib import Path

import pandas as pd

_SAME = {
    "run": "sct", "method": "SCT", "gt": "n/a", "contrasts_trained": "n/a", "loss": "n/a", "seed": "n/a",
    "contrast": "T1w", "level": "2:3", "metric": "csa_mm2", "unit": "mm2",
}  # fmt: skip


@cache
def _rows(dataset: str) -> pd.DataFrame:
    path = Path(__file__).with_name("excerpt.csv")
    every = pd.read_csv(path, dtype={"session_id": str, "age": str}, na_values="n/a", keep_default_na=False)
    return every[every["dataset"] == dataset].reset_index(drop=True)


def measures_of(dataset: str) -> pd.DataFrame:
    """Tidy measures of one dataset."""
    rows = _rows(dataset)
    kept = rows[["participant_id", "session_id"]].assign(value=rows["area_mm2"], **_SAME)
    return kept.fillna({"session_id": "n/a"})


def sessions_of(dataset: str) -> pd.DataFrame:
    """Its sessions.tsv, with the age at each session."""
    return _rows(dataset)[["participant_id", "session_id", "age"]]


def people_of(dataset: str) -> pd.DataFrame:
    """Its participants.tsv, with sex and pathology at the first session."""
    return _rows(dataset)[["participant_id", "sex", "pathology"]].drop_duplicates("participant_id")
