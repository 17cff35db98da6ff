"""Agreement of a measure between contrasts: regression and limits of agreement for each pair."""

from itertools import combinations

import numpy as np
import pandas as pd
from scipy.stats import linregress

from softcord.contrasts import CONTRASTS

AGREEMENT_COLUMNS = (
    "contrast_x",
    "contrast_y",
    "n",
    "slope",
    "intercept",
    "r2",
    "bias",
    "loa_low",
    "loa_high",
)
_LIMIT_SDS = 1.96


def agreement_per_pair(frame: pd.DataFrame, metric: str = "csa_mm2", level: str = "2:3") -> pd.DataFrame:
    """Compare a metric between each pair of contrasts, over the participants that have both.

    Args:
        frame: measures of one method (of several runs, each participant's mean is taken).
        metric: name of the metric.
        level: vertebral level.

    Returns:
        A row per pair: contrast_x, contrast_y, n, then y over x by least squares (slope, intercept, r2),
        bias (mean of y - x), and loa_low, loa_high: bias ± 1.96 standard deviations (ddof 1) of y - x.
        NaN where fewer than 3 participants have both.
    """
    chosen = frame[(frame["metric"] == metric) & (frame["level"] == level)]
    table = chosen.pivot_table(index=["participant_id", "session_id"], columns="contrast", values="value")
    known = [contrast for contrast in CONTRASTS if contrast in table.columns]
    rows = [(x, y, *_agreement(table[[x, y]].dropna())) for x, y in combinations(known, 2)]
    return pd.DataFrame(rows, columns=pd.Index(AGREEMENT_COLUMNS))


def _agreement(pairs: pd.DataFrame) -> tuple[float, ...]:
    x, y = pairs.to_numpy(dtype=np.float64).T
    if len(x) < 3 or np.ptp(x) == 0:
        return (len(x), *[np.nan] * 6)
    line = linregress(x, y)
    bias, sd = float((y - x).mean()), float((y - x).std(ddof=1))
    limits = bias - _LIMIT_SDS * sd, bias + _LIMIT_SDS * sd
    return len(x), float(line.slope), float(line.intercept), float(line.rvalue**2), bias, *limits
