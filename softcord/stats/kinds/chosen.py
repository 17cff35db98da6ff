"""The rows and the methods that a question is about."""

from collections.abc import Sequence

import pandas as pd

from softcord.errors import DataError
from softcord.stats.evidence import Evidence
from softcord.stats.frames import comparable_spread, rows_of, tested_methods
from softcord.stats.questions import Question


def rows_for(evidence: Evidence, question: Question) -> pd.DataFrame:
    """Return the rows of a question's metric at its level.

    Raises:
        DataError: nobody measured it, or nobody measured one of the question's contrasts.
    """
    found = rows_of(comparable_spread(evidence.measures, question.metric), question.metric, question.level)
    measured = [str(name) for name in found["contrast"].unique()]
    unknown = [name for name in question.contrasts if name not in measured]
    if unknown:
        what = f"nobody measured its contrast {', '.join(unknown)}"
        raise DataError(question.name, what, f"Measured: {', '.join(measured)}")
    return found


def chosen_methods(measured: Sequence[str], question: Question) -> list[str]:
    """Return the measured methods a question is about, in its order; never the ground truth by default."""
    if not question.methods:
        return tested_methods([str(name) for name in measured])
    return [name for name in question.methods if name in set(measured)]
