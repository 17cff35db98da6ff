"""Everything a comparison leaves behind: comparisons.csv, tables, figures and the report page."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from softcord.draw.render import figure_bytes
from softcord.io.files import write_bytes, write_text
from softcord.io.names import file_name
from softcord.io.tables import write_table
from softcord.report import html
from softcord.report.best import best_blocks, best_by_question, failed_images, headline, known_of
from softcord.report.figures import BESIDE, FigureSpec, default_figures, draw, effect_figures
from softcord.report.missing_methods import missing_methods
from softcord.report.settings import StudySettings, applicable
from softcord.report.soft_values import StudyValues, section
from softcord.report.study_tables import make_tables
from softcord.report.summary_marks import marked
from softcord.report.tables import write_tables
from softcord.report.unseen_words import unseen_words
from softcord.stats.best import Best
from softcord.stats.compare import compare_in_detail
from softcord.stats.frames import is_measured, tested_methods
from softcord.stats.how_sure import ranking_said, ranking_table
from softcord.stats.kept import unchanged
from softcord.stats.kinds.methods import ALL_PAIRS_UP_TO
from softcord.stats.questions import Question
from softcord.stats.rows import COMPARISON_COLUMNS
from softcord.stats.sentence import sentences
from softcord.stats.unseen import unseen_contrasts

# A drawing for the page and for Inkscape, a picture for slides, and one for LaTeX.
# The first is drawn twice, once to lay it out, which is cheapest for svg.
FORMATS = ("svg", "png", "pdf")


@dataclass(frozen=True)
class Background:
    """What the report says besides the measures' answers.

    ``unfinished`` gives by method the reason why its run did not end, ``figures`` by file name what is drawn
    from images instead of measures. ``exclude_words`` say how the next run is given the images that fail the
    visual check.
    """

    byline: str = ""
    notes: tuple[str, ...] = ()
    qc: tuple[html.QcImage, ...] = ()
    provenance: pd.DataFrame = field(default_factory=pd.DataFrame)
    participants: pd.DataFrame | None = None
    unfinished: Mapping[str, str] = field(default_factory=dict)
    figures: Mapping[str, html.Figure] = field(default_factory=dict)
    sessions: pd.DataFrame | None = None
    soft_values: StudyValues | None = None
    exclude_words: str = ""


def write_study(
    measures: pd.DataFrame,
    study: str,
    folder: Path,
    settings: StudySettings | None = None,
    background: Background | None = None,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Compare, then write ``comparisons.csv``, ``tables/``, ``figures/`` and ``report.html``.

    All answers are computed before the first file is written, so an error overwrites nothing. Tables and
    figures that an earlier comparison left are then removed: none but this one's lie beside the page.

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
    with unchanged(measures):
        return _write_study(
            measures, study, folder, settings or StudySettings(), background or Background(), on_done
        )


def _write_study(
    measures: pd.DataFrame,
    study: str,
    folder: Path,
    settings: StudySettings,
    background: Background,
    on_done: Callable[[str], None] | None,
) -> pd.DataFrame:
    questions = settings.questions or applicable(measures, settings)
    detailed = compare_in_detail(
        measures,
        questions,
        allow_different=settings.allow_different,
        participants=background.participants,
        sessions=background.sessions,
    )
    absent = missing_methods(settings, measures, background.unfinished)
    answers = best_by_question(questions, detailed, failed_images(measures, settings.level))
    main = answers[0].metric if answers else None
    tables = make_tables(measures, detailed, settings, background.participants, absent, main)
    rankings = ranking_table(measures, questions)
    tables |= {"ranking": rankings} if len(rankings) else {}
    links = _links(background.qc)
    figures = list(_figures(measures, detailed, _asked_figures(settings, questions), links))
    soft = section(background.soft_values)
    tables |= soft.tables
    comparisons = detailed[list(COMPARISON_COLUMNS)]
    _remove_earlier(folder)
    write_table(folder / "comparisons.csv", comparisons)
    if on_done:
        on_done("comparisons.csv")
    for name, table in tables.items():
        write_tables(table, folder / "tables", name)
    for spec, formats, _ in figures:
        for kind, content in formats.items():
            write_bytes(folder / "figures" / file_name(spec.name, f".{kind}"), content)
        if on_done:
            on_done(f"{spec.name}.png")
    for name, svg in soft.figures.items():
        write_bytes(folder / "figures" / file_name(name, ".svg"), svg)
    for name, figure in background.figures.items():
        write_bytes(folder / "figures" / file_name(name, f".{figure.kind}"), figure.content)
    notes = (
        *background.notes,
        *_notes(measures, settings, questions),
        *_undrawn(settings.figures or (), figures),
    )
    background = replace(background, notes=notes)
    known = known_of(measures, tables.get("ranking"), settings.level)
    report = replace(
        _report(study, questions, detailed, tables, figures, background, answers),
        answer=tuple(best_blocks(answers, known)),
        marked=marked(tables["summary"], answers, detailed),
        soft_values=soft.blocks,
        unseen=unseen_words(unseen_contrasts(measures)),
    )
    _write(folder / "report.html", html.page(report), on_done)
    return comparisons


_Drawn = tuple[FigureSpec, dict[str, bytes], str]


def n_files(measures: pd.DataFrame, settings: StudySettings) -> int:
    """Return how many files :func:`write_study` reports at most: comparisons, figures, the page."""
    return 2 + len(_asked_figures(settings, settings.questions or applicable(measures, settings)))


def _asked_figures(settings: StudySettings, questions: Sequence[Question]) -> Sequence[FigureSpec]:
    if settings.figures is None:
        return ()
    return (*effect_figures(questions), *(settings.figures or default_figures(questions)))


def _links(images: Sequence[html.QcImage]) -> dict[tuple[str, str], str]:
    """Return where the page shows each participant's worst image by each method."""
    links: dict[tuple[str, str], str] = {}
    for place, image in enumerate(images, 1):
        links.setdefault((image.image.split("_")[0], image.method), f"#image-{place}")
    return links


def _figures(
    measures: pd.DataFrame,
    detailed: pd.DataFrame,
    specs: Sequence[FigureSpec],
    links: Mapping[tuple[str, str], str],
) -> Iterator[_Drawn]:
    for spec in specs:
        is_drawable = is_measured(measures, spec.metric, spec.level)
        drawn = draw(spec, measures, detailed, links) if is_drawable else None
        if drawn is not None:
            figure, caption = drawn
            yield spec, {kind: figure_bytes(figure, kind) for kind in FORMATS}, caption


def _undrawn(asked: Sequence[FigureSpec], figures: Sequence[_Drawn]) -> Iterator[str]:
    drawn = {spec.name for spec, *_ in figures}
    for spec in asked:
        if spec.name not in drawn:
            yield f"Figure {spec.name} is left out: {spec.metric} was not measured, or not often enough."


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
    best: Sequence[Best],
) -> html.Report:
    kinds = {_subject(question) for question in questions}
    answers = []
    for question in questions:
        rows = detailed[detailed["asked"] == question.name]
        own = (drawn for drawn in figures if _subject(drawn[0]) == _subject(question))
        table = rows[list(COMPARISON_COLUMNS)[3:]]
        table.insert(0, "method", rows["about"], allow_duplicates=True)
        said = (*sentences(rows), *ranking_said(tables.get("ranking"), question.name))
        verdict = next((f"{headline(one)}." for one in best if one.question == question.name), "")
        answers.append(html.Answer(question.name, said, table, tuple(_shown(own)), verdict))
    others = (drawn for drawn in figures if _subject(drawn[0]) not in kinds)
    apart = ("summary", "paper_and_here", "dropped", "tests", "thresholds", "calibration")
    return html.Report(
        study=study,
        byline="; ".join(part for part in (background.byline, _used(detailed)) if part),
        summary=tables["summary"],
        notes=background.notes,
        expected=tables.get("paper_and_here", pd.DataFrame()),
        answers=tuple(answers),
        tables={_title(name): table for name, table in tables.items() if name not in apart},
        figures=(*_shown(others), *background.figures.values()),
        qc=background.qc,
        dropped=tables["dropped"],
        provenance=background.provenance,
        exclude_words=background.exclude_words,
    )


def _subject(asked: Question | FigureSpec) -> tuple[str, str, tuple[str, ...]]:
    """What a figure must share with a question to stand beside its answer."""
    kind = BESIDE[asked.kind] if isinstance(asked, FigureSpec) else asked.kind
    return kind, asked.metric, tuple(asked.contrasts)


def _used(detailed: pd.DataFrame) -> str:
    """Say how many participants the tests between methods used, of how many in the data."""
    tests = detailed[(detailed["test"] == "wilcoxon") & (detailed["about"] == "")]
    tests = tests[tests["unit_of_analysis"] == "participant"]
    if tests.empty:
        return ""
    fewest, most, people = tests["n"].min(), tests["n"].max(), tests["participants"].max()
    used = f"{most}" if fewest == most else f"{fewest} to {most}"
    return f"tests used {used} of {people} participants"


def _title(name: str) -> str:
    kind, _, rest = name.partition("_")
    words = {
        "contrasts": f"per contrast: {rest}",
        "by": f"by {rest}",
        "images": "images pooled, as in the paper",
    }
    return words.get(kind, name)


def _shown(figures: Iterable[_Drawn]) -> Iterator[html.Figure]:
    return (html.Figure(caption, "svg", formats["svg"]) for _, formats, caption in figures)


def _remove_earlier(folder: Path) -> None:
    for name, suffixes in (("tables", (".csv", ".md", ".tex")), ("figures", (".png", ".svg", ".pdf"))):
        for path in (folder / name).glob("*"):
            if path.suffix in suffixes:
                path.unlink()


def _write(path: Path, text: str, on_done: Callable[[str], None] | None) -> None:
    write_text(path, text)
    if on_done:
        on_done(path.name)
