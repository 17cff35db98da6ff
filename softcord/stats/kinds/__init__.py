"""The kinds of questions: one file each, with the rows that answer it and the sentences that say them.

A new kind is a file with ``answer`` and ``say``, a line in ``KINDS`` and one in
:data:`softcord.stats.questions.KEYS`, which lists the question's keys that the kind reads.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import pandas as pd

from softcord.stats.evidence import Evidence
from softcord.stats.kinds import agreement, change, change_said, contrasts, methods, methods_said, precision
from softcord.stats.questions import Question
from softcord.stats.rows import Row


@dataclass(frozen=True)
class Kind:
    """How one kind of question is answered, and how its answer is said.

    ``answer`` makes the rows of a question; ``say`` gets the rows of one question (the columns of
    ``COMPARISON_COLUMNS`` and ``DETAIL_COLUMNS``) and makes sentences of them.
    """

    answer: Callable[[Evidence, Question], Iterator[Row]]
    say: Callable[[pd.DataFrame], Iterator[str]]


KINDS: Mapping[str, Kind] = {
    "methods": Kind(methods.answer, methods_said.say),
    "contrasts": Kind(contrasts.answer, contrasts.say),
    "agreement": Kind(agreement.answer, agreement.say),
    "precision": Kind(precision.answer, precision.say),
    "change": Kind(change.answer, change_said.say),
}
