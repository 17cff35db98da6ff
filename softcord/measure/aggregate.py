"""From slices to levels: means over slices as SCT takes them, with what was odd on the way."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

Ints = npt.NDArray[np.int64]


def mean_over(frame: pd.DataFrame, column: str, slices: Ints) -> float:
    """Unweighted mean of a column over slices, those without cord left out; NaN where none is left."""
    return float(frame[column].iloc[slices].mean())


def mean_with_missed(frame: pd.DataFrame, column: str, slices: Ints) -> float:
    """Mean over slices that are known to hold cord: one in which none was found counts as 0.

    A segmentation that misses part of a cord, or all of it, must not look better for it. NaN where
    ``slices`` is empty.
    """
    return float(frame[column].iloc[slices].fillna(0.0).mean())


def findings_over(frame: pd.DataFrame, slices: Ints) -> tuple[str, ...]:
    """Say how many of the slices have each finding of :func:`softcord.measure.findings.slice_findings`.

    Slices without cord are counted as ``no-cord``, wherever they lie.
    """
    kinds: Counter[str] = Counter()
    if missed := int(frame["area_mm2"].iloc[slices].isna().sum()):
        kinds["no-cord"] = missed
    for words in frame["findings"].iloc[slices]:
        kinds.update(word.partition(":")[0] for word in words.split("; ") if word)
    return tuple(f"{kind} in {count} of {len(slices)} slices" for kind, count in kinds.items())


def join_findings(findings: Iterable[str]) -> str:
    """Put findings into one cell, each once."""
    return "; ".join(dict.fromkeys(findings))
