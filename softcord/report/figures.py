"""Which figures a study has, and each of them drawn from its measures."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal, get_args

import pandas as pd
from matplotlib.figure import Figure

from softcord.contrasts import contrast_label
from softcord.measure.metrics import METRICS
from softcord.report.bland_altman import bland_altman_plot
from softcord.report.effects import effects_plot
from softcord.report.order import method_order
from softcord.report.scatter import agreement_plot, contrast_pair_grid
from softcord.report.unseen_words import unseen_words
from softcord.report.violin import violins_by_contrast, violins_by_method
from softcord.stats.evidence import Evidence
from softcord.stats.frames import PAPER_LEVEL, Unit
from softcord.stats.kinds.agreement import answer as answer_agreement
from softcord.stats.measured import Measured, measured
from softcord.stats.questions import Question
from softcord.stats.unseen import unseen_contrasts
from softcord.stats.wide import by_contrast, by_method

FigureKind = Literal["effects", "methods", "contrasts", "agreement", "bland_altman", "contrast_pairs"]
# The figures of each kind of question, and what follows the question in their files' names.
_FIGURES_OF: dict[str, tuple[tuple[FigureKind, str], ...]] = {
    "methods": (("methods", ""),),
    "contrasts": (("contrasts", ""),),
    "agreement": (("agreement", ""), ("bland_altman", "_bland_altman")),
}
# Beside which kind of question a figure of that kind stands.
BESIDE: dict[FigureKind, str] = {
    "effects": "methods", "methods": "methods", "contrasts": "contrasts", "agreement": "agreement",
    "bland_altman": "agreement", "contrast_pairs": "contrast_pairs",
}  # fmt: skip
# More violins side by side than this are not read; a caption says so.
METHODS_UP_TO = 12
PANELS_UP_TO = 6


@dataclass(frozen=True)
class FigureSpec:
    """One figure: ``methods`` has a violin per method, ``contrasts`` one per contrast and a panel per method.

    ``effects`` shows every pair of methods with its difference and interval, ``agreement`` plots two
    contrasts against each other, ``bland_altman`` their differences against their means, ``contrast_pairs``
    all pairs of one method. Empty ``methods`` and ``contrasts`` mean all. ``unit_of_analysis="pooled"`` draws
    a point per image.
    """

    name: str
    kind: FigureKind
    metric: str
    methods: tuple[str, ...] = ()
    contrasts: tuple[str, ...] = ()
    unit_of_analysis: Unit = "participant"
    level: str = PAPER_LEVEL
    caption: str = ""

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", self.name):
            raise ValueError(f"name: must be a file's name without a folder, got {self.name!r}")
        if self.kind not in get_args(FigureKind):
            known = ", ".join(get_args(FigureKind))
            raise ValueError(f"kind: must be one of {known}, got {self.kind!r}")


def default_figures(questions: Sequence[Question]) -> list[FigureSpec]:
    """Return a figure per question, then absolute CSA error by contrast (the paper's Fig. 3)."""
    specs = [
        _spec(question, kind, ending)
        for question in questions
        for kind, ending in _FIGURES_OF.get(question.kind, ())
    ]
    error = FigureSpec("absolute_csa_error_by_contrast", "contrasts", "csa_abs_error_mm2")
    return [*specs, error]


def effect_figures(questions: Sequence[Question]) -> list[FigureSpec]:
    """Return the figure of differences of each question between methods: it stands for its sentences."""
    return [_spec(question, "effects", "_effects") for question in questions if question.kind == "methods"]


def _spec(question: Question, kind: FigureKind, ending: str) -> FigureSpec:
    return FigureSpec(
        name=f"{_file_name(question.name)}{ending}",
        kind=kind,
        metric=question.metric,
        methods=question.methods,
        contrasts=question.contrasts,
        unit_of_analysis=question.unit_of_analysis,
        level=question.level,
    )


def draw(
    spec: FigureSpec,
    measures: pd.DataFrame,
    detailed: pd.DataFrame,
    links: Mapping[tuple[str, str], str] = MappingProxyType({}),
) -> tuple[Figure, str] | None:
    """Draw one figure and write its caption; None where too little was measured for it.

    ``detailed``: :func:`softcord.stats.compare.compare_in_detail`, for the stars. ``links`` give by
    participant and method the address of an overlay, which the name of an outlier leads to.

    Raises:
        DataError: nobody measured the metric.
    """
    found = measured(measures, spec.metric, spec.level)
    tests = detailed[(detailed["metric"] == spec.metric) & (detailed["test"] == "wilcoxon")]
    if spec.kind in ("methods", "effects"):  # of the same values only
        is_same = tests["over"] == ", ".join(spec.contrasts)
        tests = tests[is_same & (tests["unit_of_analysis"] == spec.unit_of_analysis)]
    if spec.kind == "effects":
        return _effects(spec, tests[tests["about"] == ""])
    known = method_order(found.names())
    methods = [name for name in known if not spec.methods or name in spec.methods or name.startswith("GT_")]
    label = METRICS[spec.metric].label
    if spec.kind == "methods":
        wide = by_method(found, spec.unit_of_analysis, spec.contrasts)
        wide = wide[[name for name in methods if name in wide.columns]]
        if wide.isna().all(axis=None):
            return None
        shown = _best(wide, spec.metric)
        words = _with_unseen(f"{label} per method", measures, shown, spec.contrasts)
        caption = _caption(spec, words, wide.shape[1], len(shown))
        return violins_by_method(wide[shown], tests[tests["about"] == ""], label, links=links), caption
    tested = [name for name in methods if not name.startswith("GT_") or name in spec.methods]
    return _within_methods(spec, measures, found, tests, tested, links)


def _effects(spec: FigureSpec, tests: pd.DataFrame) -> tuple[Figure, str] | None:
    tests = tests[tests["asked"] == tests["asked"].iloc[0]] if len(tests) else tests
    if spec.methods:
        tests = tests[tests["a"].isin(spec.methods) & tests["b"].isin(spec.methods)]
    if tests["effect"].isna().all():  # of nobody, too
        return None
    label = METRICS[spec.metric].label if spec.metric in METRICS else spec.metric
    margin = float(tests["margin"].iloc[0])
    band = "" if pd.isna(margin) else f"; grey band: ±{margin:g}, the differences that do not matter"
    words = (
        f"Typical (Hodges-Lehmann) difference in {label}, first − second, with the 95% interval of its test"
        f"{band}. Blue: the first is better by the corrected test, orange: worse, grey square: no difference "
        "found"
    )
    return effects_plot(tests, label), _caption(spec, words, 1, 1)


def _within_methods(
    spec: FigureSpec,
    measures: pd.DataFrame,
    found: Measured,
    tests: pd.DataFrame,
    methods: Sequence[str],
    links: Mapping[tuple[str, str], str],
) -> tuple[Figure, str] | None:
    label = METRICS[spec.metric].label
    if spec.kind == "contrast_pairs":
        methods = methods[-1:]
    shown = methods[-PANELS_UP_TO:]
    every = by_contrast(found)
    wide = {name: _chosen_contrasts(every[name], spec) for name in shown if name in every}
    wide = {name: table for name, table in wide.items() if table.shape[1] >= 2 and len(table)}
    if not wide:
        return None
    if spec.kind == "contrasts":
        words = _with_unseen(f"{label} per contrast", measures, wide, spec.contrasts)
        caption = _caption(spec, words, len(methods), len(wide))
        return violins_by_contrast(wide, tests, label, links, unseen_contrasts(measures)), caption
    rows = _agreement(spec, measures, tuple(wide))
    lines = rows[(rows["test"] == "line") & rows["effect"].notna()]
    if spec.kind == "contrast_pairs":
        (method, table), *_ = wide.items()
        words = _with_unseen(f"{label} of {method} for each pair of contrasts", measures, wide, table.columns)
        return contrast_pair_grid(table, method, lines, label), _caption(spec, words, 1, 1)
    first, second = next(iter(wide.values())).columns[:2]
    both = {name: table for name, table in wide.items() if {first, second} <= set(table.columns)}
    if spec.kind == "bland_altman":
        words = (
            f"{label}: {contrast_label(second)} − {contrast_label(first)} against their mean. Line: mean "
            "difference, dashed: 95% limits of agreement; bands: their 95% intervals"
        )
        words = _with_unseen(words, measures, both, (first, second))
        drawn = bland_altman_plot(both, first, second, rows, label)
        return drawn, _caption(spec, words, len(methods), len(both))
    words = f"{label} in {contrast_label(second)} against {contrast_label(first)}; dashed: equal"
    words = _with_unseen(words, measures, both, (first, second))
    return agreement_plot(both, first, second, lines, label), _caption(spec, words, len(methods), len(both))


def _with_unseen(
    words: str, measures: pd.DataFrame, methods: Iterable[str], contrasts: Collection[str]
) -> str:
    """Add which of a figure's contrasts (none: all) its methods were tested on but not trained on."""
    unseen = unseen_contrasts(measures)
    shown = {
        name: [key for key in unseen.get(name, ()) if not contrasts or key in contrasts] for name in methods
    }
    said = unseen_words(shown)
    return f"{words}. {said}" if said else words


def _chosen_contrasts(wide: pd.DataFrame, spec: FigureSpec) -> pd.DataFrame:
    return wide[[key for key in spec.contrasts or wide.columns if key in wide.columns]]


def _agreement(spec: FigureSpec, measures: pd.DataFrame, methods: tuple[str, ...]) -> pd.DataFrame:
    question = Question(
        spec.name, spec.metric, "agreement", methods=methods, contrasts=spec.contrasts, level=spec.level
    )
    rows = pd.DataFrame(answer_agreement(Evidence(measures), question))
    columns = ["about", "a", "b", "n", "test", "effect", "ci_low", "ci_high", "intercept", "statistic"]
    return rows.reindex(columns=columns)


def _best(wide: pd.DataFrame, metric: str) -> list[str]:
    """Return the methods to show: all, or the ground truth and those with the best mean."""
    names = [str(name) for name in wide.columns]
    if len(names) <= METHODS_UP_TO:
        return names
    fixed = [name for name in names if name.startswith("GT_") or name == "soft_all"]
    rest = wide.drop(columns=fixed)
    means = rest.mean().sort_values(ascending=METRICS[metric].better != "higher")
    # Those that lack people come behind those that lack none: what failed is in no mean.
    lacking = rest.isna().sum()
    ordered = sorted(means.index, key=lambda name: bool(lacking[name] > lacking.min()))
    return fixed + [str(name) for name in ordered[: METHODS_UP_TO - len(fixed)]]


def _caption(spec: FigureSpec, words: str, there: int, shown: int) -> str:
    text = spec.caption or words
    return f"{text}. {shown} of {there} methods are shown." if shown < there else f"{text}."


def _file_name(text: str) -> str:
    kept = (character if character.isalnum() else "_" for character in text.lower())
    return "_".join(part for part in "".join(kept).split("_") if part)
