"""CSA STD: how much one participant's CSA differs between contrasts, the paper's main figure of merit."""

import pandas as pd

from softcord.measure.metrics import METRICS
from softcord.measure.table import MEASURE_COLUMNS

_SPREADS = {
    "csa_mm2": ("csa_std_mm2", "csa_std_contrasts"),
    "csa_bin_mm2": ("csa_bin_std_mm2", "csa_bin_std_contrasts"),
}
_SAME_CORD = [name for name in MEASURE_COLUMNS if name not in ("contrast", "metric", "value", "unit")]


def csa_std_rows(frame: pd.DataFrame) -> pd.DataFrame:
    """Return rows with the standard deviation (ddof 1) of CSA over contrasts, and how many entered.

    One pair of rows per run, participant, session and level, with contrast "all": csa_std_mm2 with
    csa_std_contrasts, and the same of binarised masks. Only where at least 2 contrasts have a CSA; several
    values of one contrast (there should be one) are averaged first. Where any is 0 it has no value: a method
    that misses the cord in a contrast neither varies least nor has an area to compare there.

    Args:
        frame: measures, with the columns of measures.csv.
    """
    rows = [_rows(frame, csa, *names) for csa, names in _SPREADS.items()]
    return pd.concat(rows, ignore_index=True)[list(MEASURE_COLUMNS)]


def _rows(frame: pd.DataFrame, csa: str, std: str, contrasts: str) -> pd.DataFrame:
    measured = frame[(frame["metric"] == csa) & frame["value"].notna()]
    images = measured.groupby([*_SAME_CORD, "contrast"], observed=True, sort=False)["value"].mean()
    spread = images.groupby(level=_SAME_CORD, observed=True, sort=False).agg(["std", "count", "min"])
    spread = spread[spread["count"] >= 2].astype(float).reset_index()
    spread["std"] = spread["std"].where(spread["min"] > 0)
    names = {"std": std, "count": contrasts}
    parts = [
        spread[_SAME_CORD].assign(
            contrast="all", metric=metric, value=spread[column], unit=METRICS[metric].unit
        )
        for column, metric in names.items()
    ]
    return pd.concat(parts, ignore_index=True)
