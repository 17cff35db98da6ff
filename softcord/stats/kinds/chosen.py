"""The rows and the methods that a question is about."""

from collections.abc import Sequence

from softcord.stats.evidence import Evidence
from softcord.stats.frames import tested_methods
from softcord.stats.measured import Measured, check_contrasts, measured
from softcord.stats.questions import Question


def measured_for(evidence: Evidence, question: Question) -> Measured:
    """Return what was measured of a question's metric at its level.

    Raises:
        DataError: nobody measured it, or nobody measured one of the question's contrasts.
    """
    found = measured(evidence.measures, question.metric, question.level)
    check_contrasts(found, question.contrasts, question.name)
    return found


def chosen_methods(known: Sequence[str], question: Question) -> list[str]:
    """Return the measured methods a question is about, in its order; never the ground truth by default."""
    if not question.methods:
        return tested_methods(known)
    return [name for name in question.methods if name in set(known)]
