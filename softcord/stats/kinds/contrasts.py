"""Does CSA depend on the contrast, within each method?"""

from collections.abc import Iterator
from itertools import combinations
from math import isnan

import numpy as np
import pandas as pd

from softcord.contrasts import contrast_label
from softcord.stats.anova import repeated_anova
from softcord.stats.evidence import Evidence
from softcord.stats.friedman import friedman
from softcord.stats.grid import Grid, means_by_contrast, reason
from softcord.stats.kinds.chosen import chosen_methods, measured_for
from softcord.stats.pair import Pair
from softcord.stats.questions import Question
from softcord.stats.rows import ALPHA, TESTED_FROM, Row, accounted, paired_rows, row_of
from softcord.stats.words import (
    Said,
    about_each,
    dropped_words,
    noun,
    number,
    write_p,
)

EVERY_CONTRAST = "all contrasts"


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """ANOVA and Friedman over contrasts per method, then every pair of contrasts (one family per method)."""
    for table in tables(evidence, question):
        yield from _effect_rows(table, question)
        pairs = [table.pair(a, b) for a, b in combinations(table.names, 2)]
        yield from paired_rows(pairs, question, about=table.method)


class Table:
    """One method's values, a row per participant of the data and a column per contrast."""

    def __init__(self, grid: Grid, method: str, names: list[str]) -> None:
        self.grid, self.method, self.names = grid, method, names
        means, _, order = means_by_contrast(grid, grid.of(method))
        self.values = means[:, [order.index(name) for name in names]]

    def why(self, person: int, names: tuple[str, ...]) -> str:
        """Say what a participant lacks of some contrasts."""
        lacking = [n for n in names if not np.isfinite(self.values[person, self.names.index(n)])]
        said = []
        for name in lacking:
            part = self.grid.over([name])
            is_wanted = part.wanted[person].any() or part.people[person] in part.without
            said.append(reason(part, self.method, person) if is_wanted else f"no {name} that any method has")
        return ", ".join(dict.fromkeys(word for word in said if word))

    def left_out(self) -> dict[str, str]:
        """Return who lacks any of the contrasts, and why."""
        lacking = np.flatnonzero(~np.isfinite(self.values).all(axis=1))
        return {self.grid.people[k]: self.why(int(k), tuple(self.names)) for k in lacking}

    def pair(self, a: str, b: str) -> Pair:
        """Return two of the contrasts."""
        first, second = (self.values[:, self.names.index(name)] for name in (a, b))
        return Pair(a, b, self.grid.people, first, second, lambda person: self.why(person, (a, b)))


def tables(evidence: Evidence, question: Question) -> Iterator[Table]:
    """Yield the values of each method that a question is about and that has two of its contrasts or more."""
    found = measured_for(evidence, question)
    for method in chosen_methods(found.names(), question):
        tested = found.contrasts_of(method)
        names = [name for name in question.contrasts or tested if name in tested]
        if len(names) > 1:
            yield Table(found.base, method, names)


def _effect_rows(table: Table, question: Question) -> Iterator[Row]:
    values = table.values[np.isfinite(table.values).all(axis=1)]
    shared: Row = row_of(question, EVERY_CONTRAST, "n/a", table.method)
    shared |= accounted(len(values), table.left_out())
    if len(values) < TESTED_FROM:
        why = f"not tested: participants with all contrasts {len(values)}"
        yield shared | {
            "method": f"repeated-measures ANOVA, {why}",
            "verdict": "cannot tell",
            "test": "anova",
        }
        return
    f = repeated_anova(values)
    yield shared | {
        "statistic": f.statistic,
        "p": f.p,
        "p_adjusted": f.p_hf,
        "method": f"repeated-measures ANOVA, F({f.df_effect}, {f.df_error}); corrected by Huynh-Feldt "
        f"epsilon {f.epsilon_hf:.3f} (Greenhouse-Geisser {f.epsilon:.3f}, p {f.p_gg:.2g}); "
        f"Mauchly {_mauchly(f.w, f.p_sphericity)}; effect: generalised eta squared",
        "effect": f.eta_generalised,
        "verdict": "differ" if f.p_hf < ALPHA else "no difference found",
        "test": "anova",
    }
    ranks = friedman(values)
    yield shared | {
        "statistic": ranks.statistic,
        "p": ranks.p,
        "p_adjusted": ranks.p,
        "method": f"Friedman, chi-squared({ranks.df}); effect: Kendall's W",
        "effect": ranks.kendall_w,
        "verdict": "differ" if ranks.p < ALPHA else "no difference found",
        "test": "friedman",
    }


def _mauchly(w: float, p: float) -> str:
    return "not available" if np.isnan(w) else f"W {w:.3f}, p {p:.3g}"


def say(rows: pd.DataFrame) -> Iterator[str]:
    """One sentence per method's ANOVA, and one that names the pairs of contrasts that differ."""
    for method, by_test in about_each(rows):
        for row in by_test.get("anova", pd.DataFrame()).to_dict("records"):
            yield _anova_sentence(method, row)
        if "anova" in by_test and "wilcoxon" in by_test:
            yield _post_hoc_sentence(by_test["wilcoxon"])


def _anova_sentence(method: str, row: Said) -> str:
    corrected = number(row, "p_adjusted")
    if isnan(corrected):
        what = f"{noun(row['metric'])} of {method}"
        return f"Whether {what} depends on the contrast cannot be told: {row['method']}."
    effect = "had a significant effect" if corrected < ALPHA else "had no significant effect"
    name, sphericity, *_ = str(row["method"]).split("; ")
    return (
        f"The contrast {effect} on {noun(row['metric'])} of {method} "
        f"({name} = {number(row, 'statistic'):.2f}, n = {row['n']}{dropped_words(row)}, "
        f"{write_p(number(row, 'p'))}; {sphericity}, corrected {write_p(corrected)}; "
        f"generalised eta squared {number(row, 'effect'):.3f})."
    )


def _post_hoc_sentence(tests: pd.DataFrame) -> str:
    tests = tests[tests["p"].notna()]
    if tests.empty:
        return "No pair of contrasts could be tested."
    found = tests[tests["p_adjusted"] < ALPHA]
    hopeless = int((tests["smallest_p"] >= ALPHA).sum())
    none = f"; {hopeless} could not, with so few participants" if hopeless else ""
    pairs = ", ".join(
        f"{contrast_label(a)}/{contrast_label(b)}" for a, b in zip(found["a"], found["b"], strict=True)
    )
    listed = f": {pairs}" if pairs else ""
    count = f"{len(found)} of {len(tests)} pairs of contrasts"
    return f"Post-hoc Wilcoxon tests find {count} to differ{listed}{none}."
