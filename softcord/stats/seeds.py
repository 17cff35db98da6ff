"""How much a method's result moves when only the seed changes."""

import pandas as pd

from softcord.stats.frames import cells


def seed_spread(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean over participants of every run, then its spread over the runs of a method.

    Args:
        rows: tidy rows of one metric at one level (:func:`softcord.stats.frames.rows_of`).

    Returns:
        Columns method, seeds (number of runs), mean, sd_between_seeds (ddof 1; missing for one seed).
    """
    per_image = cells(rows, ["method", "run", "participant_id", "contrast"])
    per_participant = per_image.groupby(level=["method", "run", "participant_id"], observed=True).mean()
    per_run = per_participant.groupby(level=["method", "run"], observed=True).mean()
    by = per_run.groupby(level="method", observed=True)
    return pd.DataFrame({"seeds": by.count(), "mean": by.mean(), "sd_between_seeds": by.std()}).reset_index()
