"""One value per participant and session of a method, and who is left out, with the reason."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from softcord.stats.grid import Grid, reason


@dataclass(frozen=True)
class SessionValues:
    """``table`` has participant_id, session_id and value; ``left_out`` gives the reason by participant."""

    table: pd.DataFrame
    left_out: dict[str, str]


def session_values(grid: Grid, method: str) -> SessionValues:
    """Average a method's values over contrasts and seeds, session by session.

    A session counts if it has a value of every contrast that the method was tested on, in every seed: a
    contrast that is there once and missing once would look like change.
    """
    own, contrasts = grid.of(method), grid.contrasts_of(method)
    parts = []
    for session in dict.fromkeys(str(name) for name in grid.sessions):
        images = (grid.sessions == session) & np.isin(grid.contrasts, contrasts)
        if images.sum() == len(contrasts):
            means = grid.values[own][:, :, images].mean(axis=(0, 2))  # NaN where one is missing
            parts.append(pd.DataFrame({"participant_id": grid.people, "session_id": session, "value": means}))
    table = pd.concat(parts, ignore_index=True).dropna(subset=["value"]) if parts else _NOTHING
    there = set(table["participant_id"])
    left_out = {
        name: reason(grid, method, place) or "no session has all its contrasts"
        for place, name in enumerate(grid.people)
        if name not in there
    }
    return SessionValues(table, left_out)


_NOTHING = pd.DataFrame({"participant_id": [], "session_id": [], "value": []})
