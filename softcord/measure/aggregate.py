"""From slices to levels: means over slices as SCT takes them, with what was odd on the way."""

from collections import Counter
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.hints import counted

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
    """Say how many of the slices have each finding; see :func:`count_findings`."""
    missed = int(frame["area_mm2"].iloc[slices].isna().sum())
    return count_findings(frame["findings"].iloc[slices], missed)


def count_findings(words: Iterable[str], missed: int) -> tuple[str, ...]:
    """Count the findings of :func:`softcord.measure.findings.slice_findings` over several slices.

    ``missed`` slices without cord are counted as ``no-cord``, wherever they lie.
    """
    kinds = Counter({"no-cord": missed} if missed else {})
    for found in words:
        kinds.update(word.partition(":")[0] for word in found.split("; ") if word and word != "empty")
    return tuple(f"{kind} in {counted(count, 'slice')}" for kind, count in kinds.items())


def join_findings(findings: Iterable[str]) -> str:
    """Put findings into one cell, each once."""
    return "; ".join(dict.fromkeys(findings))
