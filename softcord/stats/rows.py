"""Rows of comparisons.csv: their columns, and those of a family of Wilcoxon tests."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from softcord.measure.metrics import METRICS
from softcord.stats.adjust import adjust
from softcord.stats.bootstrap import bootstrap_ci
from softcord.stats.effect import median_difference
from softcord.stats.frames import row_name
from softcord.stats.questions import Question
from softcord.stats.wilcoxon import signed_rank, smallest_p

Row = dict[str, object]

COMPARISON_COLUMNS = (
    "question", "metric", "unit", "a", "b", "n", "dropped", "statistic", "p", "p_adjusted", "method",
    "effect", "ci_low", "ci_high",
)  # fmt: skip
# What report and sentences need besides: the question's own name, the method it is about (empty: between
# methods), which test, its correction and a note, further numbers, and whom the row dropped.
DETAIL_COLUMNS = (
    "asked", "kind", "about", "test", "correction", "note", "mean_difference", "rank_biserial", "sd_seed",
    "intercept", "dropped_names",
)  # fmt: skip
ALPHA = 0.05


def row_of(question: Question, a: str, b: str, about: str = "") -> Row:
    """Start a row: what was asked, of which metric, between which two conditions."""
    return {
        "question": f"{question.name}: {about}" if about else question.name,
        "metric": question.metric,
        "unit": METRICS[question.metric].unit if question.metric in METRICS else "",
        "a": a,
        "b": b,
        "asked": question.name,
        "kind": question.kind,
        "about": about,
        "correction": "uncorrected",
        "note": "",
        "dropped_names": "",
    }


def wilcoxon_rows(
    wide: pd.DataFrame, pairs: Sequence[tuple[str, str]], question: Question, about: str = ""
) -> Iterator[Row]:
    """Test every pair of columns of ``wide`` (a row per participant); the pairs are one family."""
    place = {name: i for i, name in enumerate(wide.columns)}
    values = wide.to_numpy(dtype=np.float64)
    first, second = [place[a] for a, _ in pairs], [place[b] for _, b in pairs]
    differences = (values[:, first] - values[:, second]).T
    test = signed_rank(differences)
    tested = test.n >= 2
    p = np.where(tested, test.p, np.nan)
    adjusted = adjust(p, question.correction)
    effect, (low, high) = median_difference(differences), bootstrap_ci(differences)
    for i, (a, b) in enumerate(pairs):
        dropped = np.flatnonzero(np.isnan(differences[i]))
        n = int(test.n[i])
        words = {
            "correction": correction_words(question, int(tested.sum())),
            "note": _note(n, int(test.zeros[i]), question),
        }
        name = (
            f"Wilcoxon signed-rank, {test.rule[i]}"
            if tested[i]
            else "not tested: fewer than two complete pairs"
        )
        yield (
            row_of(question, a, b, about)
            | words
            | {
                "n": n,
                "dropped": len(dropped),
                "statistic": test.statistic[i] if tested[i] else np.nan,
                "p": p[i],
                "p_adjusted": adjusted[i],
                "method": "; ".join(part for part in (name, *words.values()) if part),
                "effect": effect[i],
                "ci_low": low[i],
                "ci_high": high[i],
                "test": "wilcoxon",
                "mean_difference": np.nanmean(differences[i]) if n else np.nan,
                "rank_biserial": test.rank_biserial[i],
                "dropped_names": " ".join(row_name(wide.index[int(k)]) for k in dropped),
            }
        )


def correction_words(question: Question, family: int) -> str:
    """Say how p was corrected, and over how many tests."""
    return (
        "uncorrected"
        if question.correction == "none"
        else f"{question.correction.capitalize()} over {family}"
    )


def _note(n: int, zeros: int, question: Question) -> str:
    words = []
    if question.unit_of_analysis == "pooled":
        words.append("images pooled as if independent")
    if zeros:
        words.append(f"{zeros} zero differences left out")
    if smallest_p(n) > ALPHA:
        words.append(f"n = {n}: no p below {smallest_p(n):.4g} exists")
    return "; ".join(words)
