"""How often intervals of CSA hold the truth, among people whom they were not calibrated on."""

import math
from dataclasses import dataclass

import pandas as pd

_KEY = ["participant_id", "session_id", "contrast", "level"]
_WANTED = ["csa_mm2", "csa_high_mm2", "csa_abs_error_mm2"]
_ROUNDING_MM2 = 1e-6
_Z = 1.959964  # of a normal distribution, 95 %


@dataclass(frozen=True)
class Coverage:
    """The share of intervals that hold the truth, with its own 95 % interval; of how many there were."""

    share: float
    low: float
    high: float
    participants: int
    areas: int

    def __str__(self) -> str:
        """Say it: ``92 % (95 %: 75 to 98; 24 participants, 96 areas)``."""
        range_pct = f"{100 * self.low:.0f} to {100 * self.high:.0f}"
        who = f"{self.participants} participants, {self.areas} areas"
        return f"{100 * self.share:.0f} % (95 %: {range_pct}; {who})"


def coverage(inside: "pd.Series[bool]", participants: "pd.Series[str]") -> Coverage:
    """Return how often intervals hold, each participant counting as one, however many areas he or she has.

    The areas of one participant resemble each other. The 95 % interval is Wilson's for as many trials as
    there are participants: shares vary no more than a yes or no, so that it is rather too wide.

    Raises:
        ValueError: there is no interval at all.

    >>> import pandas as pd
    >>> both = coverage(pd.Series([True, True, True, False]), pd.Series(["a", "a", "a", "b"]))
    >>> both.share, both.participants, both.areas
    (0.5, 2, 4)
    """
    if not len(inside):
        raise ValueError("inside: no interval is given")
    each = inside.astype(float).groupby(participants).mean()
    return Coverage(float(each.mean()), *_wilson(float(each.mean()), len(each)), len(each), len(inside))


def _wilson(share: float, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval (1927) of a share of n trials."""
    shrunk = 1 + _Z**2 / n
    middle = (share + _Z**2 / (2 * n)) / shrunk
    half = _Z / shrunk * math.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return max(0.0, middle - half), min(1.0, middle + half)


def held_references(measures: pd.DataFrame) -> pd.DataFrame:
    """Return the areas of measures.csv that have an interval and a reference, and whether it is ``inside``.

    Columns: participant_id, session_id, contrast, level, inside, half_width_mm2.
    """
    rows = measures[measures["metric"].isin(_WANTED)]
    wide = rows.pivot(index=_KEY, columns="metric", values="value").reindex(columns=_WANTED).dropna()
    half_mm2 = wide["csa_high_mm2"] - wide["csa_mm2"]
    inside = wide["csa_abs_error_mm2"] <= half_mm2 + _ROUNDING_MM2
    return wide.assign(inside=inside, half_width_mm2=half_mm2).reset_index()[
        [*_KEY, "inside", "half_width_mm2"]
    ]
