"""How much a method's result moves when only the seed changes."""

import numpy as np
import pandas as pd

from softcord.stats.grid import Grid, means_by_run
from softcord.stats.measured import Measured


def seed_spread(found: Measured) -> pd.DataFrame:
    """Mean over participants of every run, then its spread over the runs of a method.

    Only participants who are complete in every run of the method: another seed's failures are not its spread.

    Returns:
        Columns method, seeds (number of runs), participants, mean, sd_between_seeds (ddof 1; missing for one
        seed).
    """
    table = []
    grids: dict[tuple[str, ...], Grid] = {}
    for method in found.names():
        contrasts = found.contrasts_of(method)
        if contrasts not in grids:
            grids[contrasts] = found.over(contrasts)
        values = means_by_run(grids[contrasts], method)
        complete = np.isfinite(values).all(axis=0)
        means = values[:, complete].mean(axis=1) if complete.any() else np.full(len(values), np.nan)
        spread = float(means.std(ddof=1)) if len(means) > 1 else np.nan
        table.append((method, len(values), int(complete.sum()), float(means.mean()), spread))
    columns = ["method", "seeds", "participants", "mean", "sd_between_seeds"]
    return pd.DataFrame(table, columns=columns)
