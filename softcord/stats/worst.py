"""Which images a method got most wrong."""

import pandas as pd

from softcord.errors import DataError
from softcord.stats.frames import PAPER_LEVEL, at_level, is_ground_truth

COLUMNS = ("run", "method", "participant_id", "session_id", "contrast", "dice", "csa_abs_error_mm2")


def worst_images(measures: pd.DataFrame, level: str = PAPER_LEVEL) -> pd.DataFrame:
    """Order the images by absolute CSA error, the largest first, those without any CSA before them.

    Where no CSA error was measured, the lowest Dice decides.

    Returns:
        Columns run, method, participant_id, session_id, contrast, dice, csa_abs_error_mm2.
    """
    keys = list(COLUMNS[:5])
    wide: list[pd.Series[float]] = []
    for metric in ("dice", "csa_abs_error_mm2"):
        try:
            rows = at_level(measures, metric, level)
        except DataError:
            continue
        tested = rows[~is_ground_truth(rows)]
        wide.append(tested.groupby(keys, observed=True)["value"].mean().rename(metric))
    if not wide:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(wide, axis=1).reindex(columns=list(COLUMNS[5:])).reset_index()
    by_error = bool(table["csa_abs_error_mm2"].notna().any())
    column = "csa_abs_error_mm2" if by_error else "dice"
    return table.sort_values(column, ascending=not by_error, na_position="first", kind="stable")
