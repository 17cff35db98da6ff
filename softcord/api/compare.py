"""Compare methods in a data frame by paired tests."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from softcord.errors import DataError
from softcord.io.tables import MISSING
from softcord.measure.metrics import METRICS
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import MEASURE_COLUMNS
from softcord.report.page import Items, render_fragment, table_of
from softcord.report.tables import cell_text
from softcord.stats.compare import compare_in_detail
from softcord.stats.frames import tested_methods
from softcord.stats.questions import DEFAULT_QUESTIONS, Question
from softcord.stats.rows import COMPARISON_COLUMNS
from softcord.stats.sentence import sentences

NEEDED = ("method", "participant", "contrast", "metric", "value")
_SPREADS = {"csa_mm2": "csa_std_mm2", "csa_bin_mm2": "csa_bin_std_mm2"}


@dataclass(frozen=True)
class Comparison:
    """The answers: in ``sentences`` that fit a paper, and as the ``table`` of comparisons.csv.

    In a notebook it shows itself as sentences and table; ``print`` gives the sentences.

    >>> import pandas as pd, softcord
    >>> values = {"a": 0.8, "b": 0.9}
    >>> rows = [(m, f"sub-{i}", "T1w", "dice", values[m] + i / 100) for m in values for i in range(8)]
    >>> columns = ["method", "participant", "contrast", "metric", "value"]
    >>> answer = softcord.compare(pd.DataFrame(rows, columns=columns))
    >>> len(answer.sentences), answer.table["n"].tolist()
    (1, [8])
    """

    sentences: tuple[str, ...]
    table: pd.DataFrame

    def __str__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        """Show sentences and table, as notebooks ask for it."""
        return render_fragment([Items(self.sentences, "sentences"), *table_of(self.table, text=cell_text)])


def compare(
    frame: pd.DataFrame, *, questions: Sequence[Question] | None = None, allow_different: bool = False
) -> Comparison:
    """Answer by paired tests over participants which method is better, and whether contrasts differ.

    Args:
        frame: a row per number, with the columns method, participant (or participant_id), contrast, metric
            and value. Metrics called as in measures.csv (``dice``, ``csa_mm2``, ``csa_abs_error_mm2``, ...)
            have their unit and direction; others are compared without. Further columns of measures.csv count
            too: level, session_id, run, seed, gt. A value that is missing is NaN; who is left out for it is
            counted.
        questions: what to ask. None: of each metric, whether methods differ; of CSA in several contrasts,
            whether it depends on the contrast, and, between methods, how much it varies over contrasts.
        allow_different: compare methods that were tested on different participants all the same.

    Raises:
        DataError: a column is missing, several values stand for one image, or there is nothing to compare.

    >>> import pandas as pd, softcord
    >>> frame = pd.DataFrame(
    ...     [
    ...         (method, f"sub-{i:02d}", "T2w", "dice", 0.9 + gain + 0.001 * (i * 7 % 5))
    ...         for method, gain in (("soft", 0.02), ("hard", 0.0))
    ...         for i in range(12)
    ...     ],
    ...     columns=["method", "participant", "contrast", "metric", "value"],
    ... )
    >>> table = softcord.compare(frame).table
    >>> table[["metric", "a", "b", "n"]]
      metric     a     b   n
    0   dice  hard  soft  12
    >>> round(float(table["effect"][0]), 3), bool(table["p"][0] < 0.01)
    (-0.02, True)
    """
    measures = _measures(frame)
    asked = tuple(questions) if questions is not None else tuple(_questions(measures))
    if not asked:
        what = "holds one method and nothing that can be asked of one alone"
        raise DataError("data frame", what, "Give two methods, or CSA (csa_mm2) in two or more contrasts")
    detailed = compare_in_detail(measures, asked, allow_different=allow_different)
    told = [
        sentence for question in asked for sentence in sentences(detailed[detailed["asked"] == question.name])
    ]
    return Comparison(tuple(told), detailed[list(COMPARISON_COLUMNS)])


def _measures(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows with all columns of measures.csv; CSA's spread over contrasts is added."""
    if "participant_id" not in frame and "participant" in frame:
        frame = frame.rename(columns={"participant": "participant_id"})
    needed = ["participant_id" if name == "participant" else name for name in NEEDED]
    lacking = [NEEDED[needed.index(name)] for name in needed if name not in frame]
    if lacking:
        raise DataError(
            "data frame", f"lacks the column {', '.join(lacking)}", f"Needed: {', '.join(NEEDED)}"
        )
    given = frame[[name for name in MEASURE_COLUMNS if name in frame]].copy()
    given["value"] = _numbers(given["value"])
    for name in [name for name in given.columns if name != "value"]:
        given[name] = given[name].astype(object).where(given[name].notna(), MISSING).astype(str)
    for name in [name for name in MEASURE_COLUMNS if name not in given]:
        given[name] = MISSING
    if "run" not in frame:
        given["run"] = given["method"] + given["seed"].map(
            lambda seed: "" if seed == MISSING else f"_s{seed}"
        )
    if "unit" not in frame:
        given["unit"] = [METRICS[name].unit if name in METRICS else "" for name in given["metric"]]
    _refuse_repeated(given)
    missing = [std for csa, std in _SPREADS.items() if std not in set(given["metric"])]
    spread = csa_std_rows(given)
    kinds = set(missing) | {std.replace("_std_mm2", "_std_contrasts") for std in missing}
    measures = pd.concat([given, spread[spread["metric"].isin(kinds)]], ignore_index=True)
    return measures[list(MEASURE_COLUMNS)]


def _numbers(values: "pd.Series[float]") -> "pd.Series[float]":
    try:
        numbers = pd.to_numeric(values).astype(np.float64)
    except (ValueError, TypeError) as error:
        raise DataError(
            "data frame", f"column value holds what is no number ({error})", "Give NaN there"
        ) from error
    if np.isinf(numbers).any():
        raise DataError("data frame", "column value holds an infinite number", "Give NaN there")
    return numbers


def _refuse_repeated(measures: pd.DataFrame) -> None:
    """Refuse several values of one image: which is meant, or whether to average, cannot be known."""
    keys = ["run", "participant_id", "session_id", "contrast", "level", "metric"]
    repeated = measures[measures.duplicated(keys)]
    if len(repeated):
        first = repeated.iloc[0]
        where = ", ".join(str(first[name]) for name in ("method", "participant_id", "contrast", "metric"))
        hint = "Say by a column level, session_id or seed what they differ in"
        raise DataError("data frame", f"holds several values of {where}", hint)


def _questions(measures: pd.DataFrame) -> Iterator[Question]:
    """Yield what can be asked: of methods for each metric, then within methods as a study asks."""
    named = {one.metric: one for one in DEFAULT_QUESTIONS if one.kind == "methods"}
    measured = measures.loc[measures["value"].notna(), ["method", "metric", "contrast"]].drop_duplicates()
    for metric, rows in measured.groupby("metric", sort=False):
        if str(metric).endswith("_std_contrasts"):
            continue
        level = _level(measures, str(metric))
        if len(tested_methods(list(rows["method"].unique()))) >= 2:
            known = named.get(str(metric))
            yield Question(known.name if known else str(metric), str(metric), level=level)
    for question in DEFAULT_QUESTIONS:
        contrasts = set(measured.loc[measured["metric"] == question.metric, "contrast"])
        wanted = set(question.contrasts) or contrasts
        if question.kind != "methods" and len(wanted) >= 2 and wanted <= contrasts:
            yield question


def _level(measures: pd.DataFrame, metric: str) -> str:
    """Return the level to compare at: the paper's where it was measured, else the only one there is."""
    levels = measures.loc[measures["metric"] == metric, "level"].unique()
    default = Question("", metric).level
    return default if default in levels or len(levels) != 1 else str(levels[0])
