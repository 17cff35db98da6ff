"""Say each answer in sentences that fit a paper, from the numbers in its rows."""

import pandas as pd

from softcord.stats.kinds import KINDS
from softcord.stats.words import METHODS_UP_TO


def sentences(detailed: pd.DataFrame) -> list[str]:
    """Say the rows of questions (:func:`softcord.stats.compare.compare_in_detail`) in sentences."""
    said: list[str] = []
    for (_, kind), rows in detailed.groupby(["asked", "kind"], sort=False):
        said += KINDS[str(kind)].say(rows)
        more = rows["about"].nunique() - METHODS_UP_TO
        if more > 0:
            said.append(f"The same was asked of {more} more methods; see comparisons.csv.")
    return said
