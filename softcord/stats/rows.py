"""Rows of comparisons.csv: their columns, and those of a family of paired tests."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan

import numpy as np
import numpy.typing as npt

from softcord.measure.metrics import METRICS
from softcord.stats.adjust import adjust
from softcord.stats.equivalence import equivalence_p, margin_of
from softcord.stats.pair import Pair
from softcord.stats.questions import Question
from softcord.stats.shift import makers_of_the_mean, mean_shift, typical_shift
from softcord.stats.wilcoxon import SignedRank, signed_rank

Row = dict[str, object]
FloatArray = npt.NDArray[np.float64]

COMPARISON_COLUMNS = (
    "question", "metric", "unit", "a", "b", "n", "dropped", "statistic", "p", "p_adjusted", "method",
    "effect", "ci_low", "ci_high", "verdict", "mean_difference", "mean_ci_low", "mean_ci_high", "a_lower",
    "a_higher", "share_a_better", "margin", "p_equivalence", "smallest_p", "participants", "dropped_why",
)  # fmt: skip
# What report and sentences need besides: the question's own name, kind and contrasts (empty: all), the method
# it is about (empty: between methods), which test, the unit, its correction and a note, further numbers,
# whom the row dropped, and how probable it is that its direction is a false claim.
DETAIL_COLUMNS = (
    "asked", "kind", "over", "about", "test", "unit_of_analysis", "correction", "note", "one_seed",
    "rank_biserial", "p_alike", "mean_made_by", "sd_participant", "sd_reaction", "sd_seed", "sd_error",
    "intercept", "dropped_names", "p_false_claim",
)  # fmt: skip
ALPHA = 0.05
# Two pairs cannot tell anything from chance.
TESTED_FROM = 3


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
        "over": ", ".join(question.contrasts),
        "about": about,
        "unit_of_analysis": question.unit_of_analysis,
        "correction": "uncorrected",
        "note": "",
        "verdict": "",
        "one_seed": "",
        "dropped_names": "",
        "dropped_why": "",
    }


def accounted(n: int, left_out: Mapping[str, str]) -> Row:
    """Say in a row's columns who was used and who was not: both add up to ``participants``."""
    return {
        "n": n,
        "dropped": len(left_out),
        "participants": n + len(left_out),
        "dropped_names": " ".join(left_out),
        "dropped_why": "; ".join(f"{name}: {why}" for name, why in left_out.items()),
    }


def paired_rows(pairs: Sequence[Pair], question: Question, about: str = "") -> Iterator[Row]:
    """Test every pair by ranks; the pairs are one family.

    The effect is the Hodges-Lehmann shift a - b with the interval of the very test; direction, verdict and
    share of participants go by the same differences.
    """
    margin = margin_of(question.metric, question.margin)
    results = _tested(pairs, margin)
    adjusted = adjust([result.p for result in results], question.correction)
    alike = adjust([result.p_alike for result in results], question.correction)
    family = sum(not isnan(result.p) for result in results)
    for pair, result, p, p_alike in zip(pairs, results, adjusted, alike, strict=True):
        smallest = result.smallest_p if question.correction == "none" else result.smallest_p * family
        smallest = min(1.0, smallest)
        words = {
            "correction": correction_words(question, family) if family else "",
            "note": "; ".join([*_notes(result, smallest, family, question), *pair.notes]),
        }
        name = f"Wilcoxon signed-rank, {result.rule}" if result.is_tested else _untested(len(result.used))
        yield (
            row_of(question, pair.a, pair.b, about)
            | words
            | accounted(len(result.used), pair.left_out())
            | {
                "statistic": result.statistic,
                "p": result.p,
                "p_adjusted": p,
                "method": "; ".join(part for part in (name, *words.values(), _one_seed(pair)) if part),
                "one_seed": ", ".join(pair.one_seed),
                "test": "wilcoxon",
                "margin": margin,
                "p_equivalence": p_alike,
                "p_alike": result.p_alike,
                "smallest_p": smallest,
                "verdict": _verdict(p, p_alike, smallest, result.direction),
            }
            | _sizes(result, question.metric)
        )


@dataclass(frozen=True)
class _Result:
    """One pair's test: the differences used, and its ``place`` in what the ranks say of its family."""

    used: FloatArray
    p_alike: float
    ranks: SignedRank
    place: int

    @property
    def is_tested(self) -> bool:
        return len(self.used) >= TESTED_FROM

    @property
    def p(self) -> float:
        return float(self.ranks.p[self.place]) if self.is_tested else nan

    @property
    def statistic(self) -> float:
        return float(self.ranks.statistic[self.place]) if self.is_tested else nan

    @property
    def smallest_p(self) -> float:
        return float(self.ranks.smallest_p[self.place]) if self.is_tested else nan

    @property
    def direction(self) -> float:
        return float(np.sign(self.ranks.rank_biserial[self.place]))

    @property
    def rule(self) -> str:
        return self.ranks.rule[self.place]


def _tested(pairs: Sequence[Pair], margin: float) -> list[_Result]:
    """Test a family at once: of one pair after the other, a thousand take several times as long."""
    if not pairs:
        return []
    differences = [pair.differences() for pair in pairs]
    table = np.full((len(pairs), max(map(len, differences))), nan)
    for row, d in zip(table, differences, strict=True):
        row[: len(d)] = d
    ranks, p_alike = signed_rank(table), equivalence_p(table, margin)
    results = []
    for place, d in enumerate(differences):
        used = d[np.isfinite(d)]
        alike = float(p_alike[place]) if len(used) >= TESTED_FROM else nan
        results.append(_Result(used, alike, ranks, place))
    return results


def _sizes(result: _Result, metric: str) -> Row:
    """How large the difference is, typically and on the mean, and in how many it goes which way."""
    d = result.used
    typical = typical_shift(d, float(result.ranks.critical[result.place])) if len(d) else mean_shift(d)
    mean = mean_shift(d)
    lower, higher = int((d < 0).sum()), int((d > 0).sum())
    better = {"lower": lower, "higher": higher}.get(METRICS[metric].better if metric in METRICS else "none")
    return {
        "effect": typical.estimate,
        "ci_low": typical.low,
        "ci_high": typical.high,
        "mean_difference": mean.estimate,
        "mean_ci_low": mean.low,
        "mean_ci_high": mean.high,
        "a_lower": lower,
        "a_higher": higher,
        "share_a_better": nan if better is None or not len(d) else better / len(d),
        "rank_biserial": float(result.ranks.rank_biserial[result.place]),
        "mean_made_by": makers_of_the_mean(d, result.direction) if result.direction else 0,
    }


def _verdict(p: float, p_alike: float, smallest: float, direction: float) -> str:
    """Name the answer of a pair; direction and significance come from one and the same test."""
    if isnan(p):
        return "cannot tell"
    if p < ALPHA:
        return "a lower" if direction < 0 else "a higher"
    if p_alike < ALPHA:
        return "alike"
    # Where nothing differs at all (direction 0, p 1) the small n is not the reason.
    return "cannot tell" if smallest >= ALPHA and direction else "no difference found"


def _untested(n: int) -> str:
    """Say why there is no test."""
    return {0: "not tested: nobody has both values", 1: "not tested: only one has both values"}.get(
        n, f"not tested: {n} pairs cannot tell"
    )


def _one_seed(pair: Pair) -> str:
    return f"one seed of {' and of '.join(pair.one_seed)}" if pair.one_seed else ""


def correction_words(question: Question, family: int) -> str:
    """Say how p was corrected, and over how many tests."""
    return (
        "uncorrected"
        if question.correction == "none"
        else f"{question.correction.capitalize()} over {family}"
    )


def _notes(result: _Result, smallest: float, family: int, question: Question) -> Iterator[str]:
    n, zeros = len(result.used), int(result.ranks.zeros[result.place])
    if question.unit_of_analysis == "pooled":
        yield "images pooled as if independent"
    if zeros and zeros == n:
        yield "both are equal in all"
    elif zeros:
        rest = f"test and typical difference are of the {n - zeros} that differ"
        yield f"{zeros} zero differences left out: {rest}"
    if not result.is_tested or zeros == n:
        return
    if result.smallest_p >= ALPHA:
        yield f"n = {n - zeros}: no p below {result.smallest_p:.4g} exists, and no 95% interval"
    elif smallest >= ALPHA:
        yield f"n = {n - zeros} and {family} tests: no corrected p below {smallest:.4g} exists"
