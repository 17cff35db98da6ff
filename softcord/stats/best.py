"""Which method is best at what a question asks? Only what its own tests allow to say."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Literal

import pandas as pd
from scipy.stats import binomtest

from softcord.measure.metrics import METRICS
from softcord.stats.rows import ALPHA
from softcord.stats.words import Said, number

Answer = Literal["best", "alike", "cannot tell", "only one", "none"]


@dataclass(frozen=True)
class Best:
    """The answer to a question between methods.

    ``answer``: ``best`` (``leaders`` is that one method), ``alike`` (the leaders are, within the margin),
    ``cannot tell``, ``only one`` (all others found no cord in any image), ``none`` (nobody found one).
    ``leaders`` are the methods that no other is shown to be better than. ``row`` is the test that decides: of
    the best against the method that it is least surely better than, else that of the two leaders who come
    closest to a difference; None where nothing was tested. ``why`` says why nobody is best. ``failed`` gives
    per method the images without a cord, and all its images.
    """

    question: str
    metric: str
    answer: Answer
    leaders: tuple[str, ...]
    row: Said | None
    why: str
    failed: Mapping[str, tuple[int, int]]


def best_of(rows: pd.DataFrame, failed: Mapping[str, tuple[int, int]]) -> Best | None:
    """Answer one question of kind ``methods``; None where its metric has no better direction.

    A method is best if it is better than every other one that found any cord. It is better than another if

    - the corrected test says so,
    - the mean difference does not point the other way,
    - the mixed model with seeds as a random factor, where there is one, says so too, and
    - it still is where each participant for whom it alone has no value (no cord found, no mask) counts as
      one for whom it is worse: a sign test, corrected likewise. So a method cannot win by failing in the
      difficult ones.

    Args:
        rows: the question's rows of :func:`softcord.stats.compare.compare_in_detail`.
        failed: per method the images without a cord, and all its images
            (:func:`softcord.stats.missed.failures`).

    Source of the last rule: Lachin 1999, Controlled Clinical Trials 20(5):408 (worst-rank scores).
    """
    tests = rows[(rows["test"] == "wilcoxon") & (rows["about"] == "")]
    metric = str(rows["metric"].iloc[0]) if len(rows) else ""
    if tests.empty or metric not in METRICS or METRICS[metric].better == "none":
        return None
    duels = _Duels(tests, rows[rows["test"] == "seed model"])
    able = [name for name in duels.methods if not _is_hopeless(failed.get(name, (0, 0)))]
    question = str(tests["asked"].iloc[0])

    def found(answer: Answer, leaders: Sequence[str], row: Said | None, why: str = "") -> Best:
        return Best(question, metric, answer, tuple(leaders), row, why, dict(failed))

    if len(able) < 2:
        return found("only one" if able else "none", able, None)
    beaten = {y for x in able for y in able if duels.is_better(x, y)}
    leaders = [name for name in able if name not in beaten] or able
    if len(leaders) == 1:
        rivals = [name for name in able if name != leaders[0] and not duels.is_better(leaders[0], name)]
        if not rivals:
            return found("best", leaders, duels.least_sure(leaders[0], able))
        leaders += rivals
    row = duels.closest(leaders)
    pairs = [duels.row_of(x, y) for x in leaders for y in leaders if x < y]
    if all(pair is not None and pair["verdict"] == "alike" for pair in pairs):
        return found("alike", leaders, row)
    return found("cannot tell", leaders, row, duels.why_not(row))


def winner_of(row: Said) -> str:
    """Return whom a test (or mixed model) finds better, an empty text for nobody."""
    better = METRICS[str(row["metric"])].better if str(row["metric"]) in METRICS else "none"
    verdict = str(row["verdict"])
    if better == "none" or not verdict.startswith("a "):
        return ""
    return str(row["a"] if verdict == f"a {better}" else row["b"])


def _is_hopeless(failed: tuple[int, int]) -> bool:
    return failed[1] > 0 and failed[0] == failed[1]


class _Duels:
    """The tests of a question, by pair of methods."""

    def __init__(self, tests: pd.DataFrame, seed_models: pd.DataFrame) -> None:
        self._rows: dict[tuple[str, str], Said] = {_pair(row): row for row in tests.to_dict("records")}
        self._models = {_pair(row): row for row in seed_models.to_dict("records")}
        self.methods = list(dict.fromkeys(name for pair in self._rows for name in pair))
        tested = int(tests["p"].notna().sum())
        self._family = 1 if (tests["correction"] == "uncorrected").all() else max(1, tested)

    def row_of(self, x: str, y: str) -> Said | None:
        """Return the test of two methods, whichever comes first in it; None where there is none."""
        return self._rows.get((x, y)) or self._rows.get((y, x))

    def is_better(self, x: str, y: str) -> bool:
        """Whether x may be called better than y."""
        row = self.row_of(x, y)
        return row is not None and winner_of(row) == x and not any(self.doubts(row))

    def doubts(self, row: Said) -> Iterator[str]:
        """Say what speaks against calling the winner of a test better."""
        x = winner_of(row)
        if number(row, "rank_biserial") * number(row, "mean_difference") < 0:
            yield "the typical and the mean difference point opposite ways"
        model = self._models.get(_pair(row))
        if model is not None and winner_of(model) != x:
            yield "with other seeds in mind no such difference is shown"
        lost = _lost_by(x, row)
        if lost and not self._survives(row, lost):
            without = f"{x} has no value in {lost} of {row['participants']}"
            yield f"{without}: counted as worse there, it is not better"

    def _survives(self, row: Said, lost: int) -> bool:
        lower, higher = int(row["a_lower"]), int(row["a_higher"])
        wins, losses = max(lower, higher), min(lower, higher) + lost
        return wins > losses and binomtest(wins, wins + losses).pvalue * self._family < ALPHA

    def least_sure(self, x: str, able: Sequence[str]) -> Said | None:
        """Return x's test with the largest p, of equal ones that with the smallest difference."""
        rows = [row for y in able if y != x and (row := self.row_of(x, y)) is not None]
        return max(rows, key=lambda row: (number(row, "p_adjusted"), -abs(number(row, "effect"))))

    def closest(self, names: Sequence[str]) -> Said | None:
        """Return the test with the smallest p among some methods."""
        rows = [row for pair, row in self._rows.items() if set(pair) <= set(names)]
        return min(rows, key=lambda row: (isnan(number(row, "p")), number(row, "p")), default=None)

    def why_not(self, row: Said | None) -> str:
        """Say why the test that comes closest to a difference makes nobody best."""
        if row is None:
            return "the methods were not tested against each other"
        if isnan(number(row, "p")):
            return str(row["method"]).split("; ")[0]
        if winner_of(row):
            doubts = "; ".join(self.doubts(row))
            return doubts or "the tests of all pairs do not agree on one method"
        if row["verdict"] == "cannot tell" and row["note"]:
            return str(row["note"])
        return "no significant difference was found, which does not show that there is none"


def _pair(row: Said) -> tuple[str, str]:
    return str(row["a"]), str(row["b"])


def _lost_by(method: str, row: Said) -> int:
    """How many a test left out for want of this method's value, and not of the other's too."""
    other = str(row["b"] if row["a"] == method else row["a"])
    left_out = str(row["dropped_why"]).split("; ") if row["dropped"] else []
    return sum(_names(method, part) and not _names(other, part) for part in left_out)


def _names(method: str, reason: str) -> bool:
    return re.search(rf"(?:: |, ){re.escape(method)}: ", reason) is not None
