"""Everything a comparison leaves behind: comparisons.csv, tables, figures and the report page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from softcord.errors import DataError
from softcord.report import html
from softcord.report.figures import FigureSpec, default_figures, draw
from softcord.report.files import figure_bytes, write_bytes, write_text
from softcord.report.order import method_order
from softcord.report.summary import MISSING, summary_table
from softcord.report.tables import contrast_table, method_table, write_tables
from softcord.stats.breakdown import breakdown
from softcord.stats.compare import compare_in_detail
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.expected import Claim, check_claims
from softcord.stats.frames import PAPER_LEVEL, rows_of, tested_methods
from softcord.stats.methods import ALL_PAIRS_UP_TO
from softcord.stats.power import power_table
from softcord.stats.questions import DEFAULT_QUESTIONS, Question
from softcord.stats.rows import COMPARISON_COLUMNS
from softcord.stats.seeds import seed_spread
from softcord.stats.sentence import sentences

OVERLAP_METRICS = ("dice", "dice_soft", "rve_pct", "rve_soft_pct", "asd_mm", "hd95_mm")
CSA_METRICS = (
    "csa_mm2", "csa_bin_mm2", "csa_abs_error_mm2", "csa_bin_abs_error_mm2", "csa_truth_error_mm2",
    "csa_bin_truth_error_mm2",
)  # fmt: skip
SPREAD_METRICS = ("csa_std_mm2", "csa_bin_std_mm2")
BREAKDOWN_METRICS = ("csa_mm2", "csa_abs_error_mm2", "csa_std_mm2", "dice")
# A table by contrast for more methods than this is in the CSV of all methods only.
CONTRAST_TABLES_UP_TO = 12


@dataclass(frozen=True)
class StudySettings:
    """What a study asks and shows; empty questions and figures mean the default ones.

    ``claims`` are published results to hold against (``same_data``: of the same dataset, so that means can
    agree); ``breakdown`` names columns of participants.tsv.
    """

    questions: tuple[Question, ...] = ()
    figures: tuple[FigureSpec, ...] = ()
    claims: tuple[Claim, ...] = ()
    same_data: bool = False
    breakdown: tuple[str, ...] = ()
    level: str = PAPER_LEVEL
    allow_different: bool = False


@dataclass(frozen=True)
class Background:
    """What the report says besides the measures' answers."""

    byline: str = ""
    notes: tuple[str, ...] = ()
    qc: tuple[html.QcImage, ...] = ()
    provenance: pd.DataFrame = field(default_factory=pd.DataFrame)
    participants: pd.DataFrame | None = None


def write_study(
    measures: pd.DataFrame,
    study: str,
    folder: Path,
    settings: StudySettings | None = None,
    background: Background | None = None,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Compare, then write ``comparisons.csv``, ``tables/``, ``figures/`` and ``report.html``.

    All answers are computed before the first file is written, so an error overwrites nothing.

    Args:
        measures: tidy measures (:func:`softcord.stats.load.load_measures`).
        study: name of the study.
        folder: where the files go.
        settings: what to ask and show; None for the paper's questions.
        background: notes, visual check, provenance, participants.tsv.
        on_done: called with each file's name.

    Returns:
        The rows of comparisons.csv.

    Raises:
        DataError: nothing to compare, see :func:`softcord.stats.compare.compare`.
        UsageError: a breakdown by a column that participants.tsv does not have.
    """
    settings, background = settings or StudySettings(), background or Background()
    questions = settings.questions or applicable(measures, settings.level)
    detailed = compare_in_detail(measures, questions, allow_different=settings.allow_different)
    tables = make_tables(measures, detailed, settings, background.participants)
    figures = list(_figures(measures, detailed, settings.figures or tuple(default_figures(questions))))
    comparisons = detailed[list(COMPARISON_COLUMNS)]
    _write(folder / "comparisons.csv", comparisons.to_csv(index=False, na_rep=MISSING), on_done)
    for name, table in tables.items():
        write_tables(table, folder / "tables" / name)
    for spec, png, svg, _ in figures:
        write_bytes(folder / "figures" / f"{spec.name}.png", png)
        write_bytes(folder / "figures" / f"{spec.name}.svg", svg)
        if on_done:
            on_done(f"{spec.name}.png")
    background = replace(background, notes=(*background.notes, *_notes(measures, settings, questions)))
    report = _report(study, questions, detailed, tables, figures, background)
    _write(folder / "report.html", html.page(report), on_done)
    return comparisons


def applicable(measures: pd.DataFrame, level: str = PAPER_LEVEL) -> tuple[Question, ...]:
    """Return the default questions that the measures can answer, at a vertebral level.

    Raises:
        DataError: none of them can be answered.
    """
    measured = {str(name) for name in measures["metric"].unique()}
    methods = tested_methods([str(name) for name in measures["method"].unique()])
    questions = []
    for question in DEFAULT_QUESTIONS:
        if question.metric in measured and (question.kind != "methods" or len(methods) >= 2):
            fields = {**vars(question), "level": level}
            questions.append(Question(**fields))
    if not questions:
        what = f"answer none of the questions: {len(methods)} methods, metrics {', '.join(sorted(measured))}"
        raise DataError("measures", what, "Measure CSA, or name compare.questions")
    return tuple(questions)


def make_tables(
    measures: pd.DataFrame,
    detailed: pd.DataFrame,
    settings: StudySettings,
    participants: pd.DataFrame | None,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a study by file name."""
    level = settings.level
    tables = {"summary": summary_table(measures, level)}
    if settings.claims:
        tables["paper_and_here"] = check_claims(
            settings.claims, measures, detailed, level, same_data=settings.same_data
        )
    metrics = [*OVERLAP_METRICS, *CSA_METRICS, *SPREAD_METRICS]
    tables["methods"] = method_table(describe(measures, metrics, level), metrics)
    pooled = describe(measures, OVERLAP_METRICS + CSA_METRICS[2:4], level, "pooled")
    tables["images_pooled"] = method_table(pooled, OVERLAP_METRICS + CSA_METRICS[2:4])
    tables |= _contrast_tables(measures, level)
    tables |= _variability(measures, detailed, level)
    for column in settings.breakdown:
        tables[f"by_{column}"] = _breakdown(measures, participants, column, level)
    tables["tests"] = detailed.drop(columns=["note", "correction", "test"])
    tables["dropped"] = dropped_table(detailed)
    return tables


def dropped_table(detailed: pd.DataFrame) -> pd.DataFrame:
    """Say whom each comparison left out because a value is missing."""
    rows = detailed[(detailed["dropped"] > 0) & (detailed["dropped_names"] != "")]
    named = rows[["question", "a", "b", "n", "dropped", "dropped_names"]]
    return named.rename(columns={"dropped_names": "dropped participants"}).reset_index(drop=True)


def _contrast_tables(measures: pd.DataFrame, level: str) -> dict[str, pd.DataFrame]:
    metrics = (*OVERLAP_METRICS, *CSA_METRICS)
    described = describe_contrasts(measures, metrics, level)
    methods = method_order(described["method"].unique())
    shown = methods[-CONTRAST_TABLES_UP_TO:]
    return {f"contrasts_{name}": contrast_table(described, name, metrics) for name in shown}


def _variability(measures: pd.DataFrame, detailed: pd.DataFrame, level: str) -> dict[str, pd.DataFrame]:
    tables = {}
    measured = set(measures["metric"].unique())
    if "csa_mm2" in measured:
        methods = tested_methods(method_order(measures["method"].unique()))
        tables["power"] = power_table(measures, methods, level=level)
    spreads = []
    for metric in [name for name in detailed["metric"].unique() if name in measured]:
        spread = seed_spread(rows_of(measures, metric, level))
        spreads.append(spread[spread["seeds"] > 1].assign(metric=metric))
    seeds = pd.concat(spreads, ignore_index=True) if spreads else pd.DataFrame()
    return tables | ({"seeds": seeds} if len(seeds) else {})


def _breakdown(
    measures: pd.DataFrame, participants: pd.DataFrame | None, column: str, level: str
) -> pd.DataFrame:
    if participants is None:
        raise DataError("participants.tsv", "is not there", f"A breakdown by {column} needs it")
    measured = set(measures["metric"].unique())
    parts = [
        breakdown(measures, participants, column, metric, level)
        for metric in BREAKDOWN_METRICS
        if metric in measured
    ]
    return pd.concat(parts, ignore_index=True)


_Drawn = tuple[FigureSpec, bytes, bytes, str]


def _figures(measures: pd.DataFrame, detailed: pd.DataFrame, specs: Sequence[FigureSpec]) -> Iterator[_Drawn]:
    measured = set(measures["metric"].unique())
    for spec in specs:
        drawn = draw(spec, measures, detailed) if spec.metric in measured else None
        if drawn is not None:
            figure, caption = drawn
            yield spec, figure_bytes(figure, "png"), figure_bytes(figure, "svg"), caption


def _notes(measures: pd.DataFrame, settings: StudySettings, questions: Sequence[Question]) -> tuple[str, ...]:
    methods = tested_methods([str(name) for name in measures["method"].unique()])
    notes = []
    if len(methods) == 1:
        notes.append(f"Only {methods[0]} was measured: there is no other method to compare it with.")
    if len(methods) > ALL_PAIRS_UP_TO and any(q.kind == "methods" and not q.reference for q in questions):
        notes.append(
            f"{len(methods)} methods: each is compared with one reference instead of with all others."
        )
    if settings.allow_different:
        notes.append(
            "Runs with different test participants or ground truth were allowed; pairs are what they share."
        )
    return tuple(notes)


def _report(
    study: str,
    questions: Sequence[Question],
    detailed: pd.DataFrame,
    tables: dict[str, pd.DataFrame],
    figures: Sequence[_Drawn],
    background: Background,
) -> html.Report:
    kinds = {(question.kind, question.metric) for question in questions}
    answers = []
    for question in questions:
        rows = detailed[detailed["asked"] == question.name]
        own = (
            drawn for drawn in figures if (drawn[0].kind, drawn[0].metric) == (question.kind, question.metric)
        )
        table = rows[list(COMPARISON_COLUMNS)[3:]]
        table.insert(0, "method", rows["about"], allow_duplicates=True)
        answers.append(html.Answer(question.name, tuple(sentences(rows)), table, tuple(_shown(own))))
    others = (drawn for drawn in figures if (drawn[0].kind, drawn[0].metric) not in kinds)
    apart = ("summary", "paper_and_here", "dropped", "tests")
    return html.Report(
        study=study,
        byline=background.byline,
        summary=tables["summary"],
        notes=background.notes,
        expected=tables.get("paper_and_here", pd.DataFrame()),
        answers=tuple(answers),
        tables={name: table for name, table in tables.items() if name not in apart},
        figures=tuple(_shown(others)),
        qc=background.qc,
        dropped=tables["dropped"],
        provenance=background.provenance,
    )


def _shown(figures: Iterable[_Drawn]) -> Iterator[html.Figure]:
    return (html.Figure(caption, "svg", svg) for _, _, svg, caption in figures)


def _write(path: Path, text: str, on_done: Callable[[str], None] | None) -> None:
    write_text(path, text)
    if on_done:
        on_done(path.name)
