"""Repeated scans of one person: by the ``run-`` in an image's name, or by session."""

import re
from typing import Literal

import numpy as np
import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.errors import DataError
from softcord.stats.grid import Grid

Repeats = Literal["any", "run", "session"]
# Where the image's name has it, `softcord measure` keeps it in the contrast: run-1_T2w.
_RUN = re.compile(r"(?:^|_)(run-[A-Za-z0-9]+)(?=_|$)")
_KEY_OF_STEM = {contrast.stem: key for key, contrast in CONTRASTS.items()}


def repeated_scans(grid: Grid, method: str, repeats: Repeats = "any") -> tuple[pd.DataFrame, Repeats]:
    """Lay out which scans of a method are repetitions of which; its seeds are averaged.

    Args:
        grid: one metric at one level.
        method: one of its methods.
        repeats: ``run``, ``session``, or ``any``: runs where somebody has two in one session, else sessions.

    Returns:
        A row per scan, NaN where its value is missing: participant_id, session_id, contrast (without the
        run), scanned (what repetitions share: the participant and, of runs, the session), repeat, value;
        and what the repetitions are.

    Raises:
        DataError: nobody has two.
    """
    own = grid.of(method)
    means, there = grid.values[own].mean(axis=0), grid.present[own].any(axis=0)
    person, image = np.nonzero(there)
    table = pd.DataFrame(
        {
            "participant_id": np.array(grid.people)[person],
            "session_id": grid.sessions[image],
            "contrast": grid.contrasts[image],
            "value": means[person, image],
        }
    )
    names = table["contrast"].str.extract(_RUN, expand=False)
    table["contrast"] = [_without_run(name) for name in table["contrast"]]
    table["run"] = names.fillna("")
    has_two = table[table["run"] != ""].groupby(["participant_id", "session_id", "contrast"])["run"].nunique()
    found: Repeats = repeats if repeats != "any" else "run" if (has_two > 1).any() else "session"
    if found == "run":
        table["scanned"], table["repeat"] = table["participant_id"] + " " + table["session_id"], table["run"]
    else:
        table["scanned"], table["repeat"] = table["participant_id"], table["session_id"]
        if (table["run"] != "").any():
            keys = ["participant_id", "session_id", "contrast", "scanned", "repeat"]
            table = table.groupby(keys)["value"].mean().reset_index()
    counted = table.dropna(subset=["value"]).groupby(["scanned", "contrast"])["repeat"].nunique()
    if not (counted > 1).any():
        entity = {"run": "run- in one session", "session": "sessions"}[found]
        what = f"nobody has two {entity} with a value"
        raise DataError(
            "repeated scans", what, "Measure images named ..._run-1_... and ..._run-2_..., or ses-"
        )
    return table, found


def _without_run(contrast: str) -> str:
    stem = _RUN.sub("", contrast).strip("_")
    return _KEY_OF_STEM.get(stem, stem)
