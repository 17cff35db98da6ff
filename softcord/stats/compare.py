"""Answer a study's questions with paired tests: measures in, the rows of comparisons.csv out."""

from collections.abc import Sequence

import pandas as pd

from softcord.stats.check import check_same_test
from softcord.stats.evidence import Evidence
from softcord.stats.kinds import KINDS
from softcord.stats.questions import Question
from softcord.stats.rows import COMPARISON_COLUMNS, DETAIL_COLUMNS, Row


def compare(
    measures: pd.DataFrame, questions: Sequence[Question], *, allow_different: bool = False
) -> pd.DataFrame:
    """Answer questions about tidy measures; the rows of comparisons.csv (design.md).

    A row of kind ``methods`` or of a contrast pair is a two-sided Wilcoxon signed-rank test; ``effect`` is
    the Hodges-Lehmann shift a - b in the metric's unit with the 95% interval of that very test, ``verdict``
    its answer in words (a lower, a higher, alike, no difference found, cannot tell). An ANOVA row has the
    uncorrected p in ``p``, the Huynh-Feldt corrected one in ``p_adjusted`` and generalised eta squared
    as its effect. ``n`` counts those who were used, ``dropped`` those who were not, with the reason in
    ``dropped_why``; both add up to ``participants``, all in the data (pooled: images).

    Args:
        measures: tidy measures, columns of measures.csv.
        questions: what to ask; a question whose metric nobody measured is an error.
        allow_different: compare runs with different test participants or ground truth all the same.

    Raises:
        DataError: nothing to compare, see :func:`softcord.stats.check.check_same_test`, or a contrast that
            nobody measured.
    """
    detailed = compare_in_detail(measures, questions, allow_different=allow_different)
    return detailed[list(COMPARISON_COLUMNS)]


def compare_in_detail(
    measures: pd.DataFrame,
    questions: Sequence[Question],
    *,
    allow_different: bool = False,
    participants: pd.DataFrame | None = None,
    sessions: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return :func:`compare`'s rows with the columns of ``DETAIL_COLUMNS`` behind them.

    ``participants`` and ``sessions``: BIDS' tables, for the kinds of questions that read them.
    """
    if not allow_different:
        check_same_test(measures)
    evidence = Evidence(measures, participants, sessions)
    rows: list[Row] = []
    for question in questions:
        rows.extend(KINDS[question.kind].answer(evidence, question))
    return pd.DataFrame(rows, columns=[*COMPARISON_COLUMNS, *DETAIL_COLUMNS])
