"""Which images a method got most wrong."""

import pandas as pd

from softcord.errors import DataError
from softcord.stats.frames import GROUND_TRUTH_PREFIX, PAPER_LEVEL, rows_of

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
            rows = rows_of(measures, metric, level)
        except DataError:
            continue
        tested = rows[~rows["method"].astype(str).str.startswith(GROUND_TRUTH_PREFIX)]
        wide.append(tested.groupby(keys, observed=True)["value"].mean().rename(metric))
    if not wide:
        return pd.DataFrame(columns=list(COLUMNS))
    table = pd.concat(wide, axis=1).reindex(columns=list(COLUMNS[5:])).reset_index()
    by_error = bool(table["csa_abs_error_mm2"].notna().any())
    column = "csa_abs_error_mm2" if by_error else "dice"
    return table.sort_values(column, ascending=not by_error, na_position="first", kind="stable")
