"""What a study asks and shows, and which of the paper's questions its measures can answer."""

from dataclasses import dataclass, replace

import pandas as pd

from softcord.errors import DataError
from softcord.measure.metrics import CSA_STD
from softcord.remedies import Remedy
from softcord.report.figures import FigureSpec
from softcord.stats.adjust import Correction
from softcord.stats.claims import Claim
from softcord.stats.frames import PAPER_LEVEL, Unit, is_measured, tested_methods
from softcord.stats.missed import NEEDS_A_CORD
from softcord.stats.questions import DEFAULT_QUESTIONS, KEYS, Question

OVERLAP_METRICS = ("dice", "dice_soft", "rve_pct", "rve_soft_pct", "asd_mm", "hd95_mm")


@dataclass(frozen=True)
class StudySettings:
    """What a study asks and shows; empty questions and figures mean the default ones, None no figures.

    ``reference``, ``correction`` and ``unit_of_analysis`` hold for the default questions.
    ``claims`` are published results to hold against (``same_data``: of the same dataset, so that means can
    agree); ``breakdown`` names columns of participants.tsv.
    """

    questions: tuple[Question, ...] = ()
    figures: tuple[FigureSpec, ...] | None = ()
    claims: tuple[Claim, ...] = ()
    same_data: bool = False
    breakdown: tuple[str, ...] = ()
    reference: str | None = None
    correction: Correction = "bonferroni"
    unit_of_analysis: Unit = "participant"
    level: str = PAPER_LEVEL
    allow_different: bool = False


def metrics_needed(settings: StudySettings) -> set[str]:
    """Return the metrics that a study's tables, questions and figures read."""
    asked = {item.metric for item in (*settings.questions, *(settings.figures or ()), *settings.claims)}
    spread_counts = {"csa_std_contrasts", "csa_bin_std_contrasts"}
    return asked | spread_counts | {*OVERLAP_METRICS, *NEEDS_A_CORD, *CSA_STD}


def applicable(measures: pd.DataFrame, settings: StudySettings) -> tuple[Question, ...]:
    """Return the default questions that the measures can answer.

    Raises:
        DataError: none of them can be answered.
    """
    # A spread over contrasts has a row, but no value, where one contrast was measured.
    given = measures[measures["value"].notna()]
    measured = {str(name) for name in given["metric"].unique()}
    contrasts = {str(name) for name in given["contrast"].unique()}
    methods = tested_methods([str(name) for name in measures["method"].unique()])
    questions = []
    for question in DEFAULT_QUESTIONS:
        is_known = is_measured(measures, question.metric, settings.level)
        is_known &= set(question.contrasts) <= contrasts
        if is_known and (question.kind != "methods" or len(methods) >= 2):
            questions.append(
                replace(
                    question,
                    level=settings.level,
                    correction=settings.correction
                    if "correction" in KEYS[question.kind]
                    else question.correction,
                    reference=settings.reference if question.kind == "methods" else None,
                    unit_of_analysis=_unit(question, settings),
                )
            )
    if not questions:
        what = f"answer none of the questions: {len(methods)} methods, metrics {', '.join(sorted(measured))}"
        raise DataError("measures", what, Remedy.ASK_OWN_QUESTIONS)
    return tuple(questions)


def _unit(question: Question, settings: StudySettings) -> Unit:
    # A spread over contrasts exists once per participant: there is nothing to pool.
    is_per_image = question.kind == "methods" and question.metric not in CSA_STD
    return settings.unit_of_analysis if is_per_image else "participant"
