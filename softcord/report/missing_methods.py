"""Methods that a study names but has no measures of, and why: they keep their row in its tables."""

from collections.abc import Mapping

import pandas as pd

from softcord.report.order import method_order
from softcord.report.settings import StudySettings
from softcord.stats.claims import methods_of
from softcord.stats.expected import NOT_RUN


def missing_methods(
    settings: StudySettings, measures: pd.DataFrame, reasons: Mapping[str, str]
) -> dict[str, str]:
    """Return by method what to write in its row: ``not run``, with the reason where it is known.

    Args:
        settings: its questions and claims name methods.
        measures: tidy measures; who is in them is not absent.
        reasons: by method, why its run did not end ("" where nobody knows).
    """
    asked = [name for question in settings.questions for name in question.methods or ()]
    claimed = [name for claim in settings.claims for name in methods_of(claim)]
    measured = set(measures["method"].unique())
    named = dict.fromkeys(name for name in (*asked, *claimed, *reasons) if name not in measured)
    # What to do about it, behind the first full stop, would make the column several times as wide.
    why = {name: reason.partition(". ")[0] for name, reason in reasons.items()}
    return {name: f"{NOT_RUN}: {why[name]}" if why.get(name) else NOT_RUN for name in named}


def with_missing(table: pd.DataFrame, absent: Mapping[str, str]) -> pd.DataFrame:
    """Return a table of methods with a row of its own for each absent one, behind all others."""
    if not absent or table.shape[1] < 3:
        return table
    first = table.columns[2]
    rows = [{"method": name, "n": 0, first: absent[name]} for name in method_order(absent)]
    return pd.concat([table, pd.DataFrame(rows)], ignore_index=True).fillna("")
