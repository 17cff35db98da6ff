"""Repeated scans of one person: by the ``run-`` in an image's name, or by session."""

import re
from typing import Literal

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.errors import DataError
from softcord.stats.sessions import check_unique

Repeats = Literal["any", "run", "session"]
# Where the image's name has it, `softcord measure` keeps it in the contrast: run-1_T2w.
_RUN = re.compile(r"(?:^|_)(run-[A-Za-z0-9]+)(?=_|$)")
_KEY_OF_STEM = {contrast.stem: key for key, contrast in CONTRASTS.items()}


def repeated_scans(rows: pd.DataFrame, repeats: Repeats = "any") -> tuple[pd.DataFrame, Repeats]:
    """Lay out which scans are repetitions of which; seeds of a method are averaged.

    Args:
        rows: tidy rows of one metric at one level, of one method.
        repeats: ``run``, ``session``, or ``any``: runs where somebody has two in one session, else sessions.

    Returns:
        Columns participant_id, contrast (without the run), scanned (what the repetitions share: the
        participant and, with runs, the session), repeat and value; and what the repetitions are.

    Raises:
        DataError: nobody has two, or an image has two values.
    """
    check_unique(rows)
    text = rows.assign(
        **{name: rows[name].astype(str) for name in ("participant_id", "session_id", "contrast")}
    )
    keys = ["participant_id", "session_id", "contrast"]
    by = text.groupby(keys)["value"]
    table = by.mean().where(by.count() == by.size()).reset_index()
    names = table["contrast"].str.extract(_RUN, expand=False)
    table["contrast"] = [_without_run(name) for name in table["contrast"]]
    table["run"] = names.fillna("")
    has_two = table[table["run"] != ""].groupby(["participant_id", "session_id", "contrast"])["run"].nunique()
    found: Repeats = repeats if repeats != "any" else "run" if (has_two > 1).any() else "session"
    if found == "run":
        table["scanned"], table["repeat"] = table["participant_id"] + " " + table["session_id"], table["run"]
    else:
        table["scanned"], table["repeat"] = table["participant_id"], table["session_id"] + " " + table["run"]
        if found == "session" and (table["run"] != "").any():
            table["repeat"] = table["session_id"]
            table = table.groupby([*keys, "scanned", "repeat"], as_index=False)["value"].mean()
    counted = table.dropna(subset=["value"]).groupby(["scanned", "contrast"])["repeat"].nunique()
    if not (counted > 1).any():
        entity = {"run": "run- in one session", "session": "sessions"}[found]
        what = f"nobody has two {entity} with a value"
        raise DataError(
            "repeated scans", what, "Measure images named ..._run-1_... and ..._run-2_..., or ses-"
        )
    return table[["participant_id", "contrast", "scanned", "repeat", "value"]], found


def _without_run(contrast: str) -> str:
    stem = _RUN.sub("", contrast).strip("_")
    return _KEY_OF_STEM.get(stem, stem)
