"""Contrasts that a method was tested on without having been trained on them."""

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.stats.frames import is_ground_truth
from softcord.stats.kept import kept


@kept
def unseen_contrasts(measures: pd.DataFrame) -> dict[str, tuple[str, ...]]:
    """Return by method the contrasts in its measures that are not among those that trained it.

    Methods of which nobody says what trained them (programs, masks of others) are left out.

    >>> rows = [["net", "T1w T2w", "T1w"], ["net", "T1w T2w", "dwi"]]
    >>> unseen_contrasts(pd.DataFrame(rows, columns=["method", "contrasts_trained", "contrast"]))
    {'net': ('dwi',)}
    """
    if "contrasts_trained" not in measures:
        return {}
    tested = measures.loc[~is_ground_truth(measures), ["method", "contrasts_trained", "contrast"]]
    found: dict[str, dict[str, None]] = {}
    for method, trained, contrast in tested.drop_duplicates().astype(str).itertuples(index=False):
        is_said = any(name in CONTRASTS for name in trained.split())
        if is_said and contrast not in ("all", "n/a", *trained.split()):
            found.setdefault(method, {})[contrast] = None
    return {method: tuple(contrasts) for method, contrasts in found.items()}
