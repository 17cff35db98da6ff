"""Does CSA depend on the contrast, within each method?"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pandas as pd

from softcord.stats.anova import repeated_anova
from softcord.stats.evidence import Evidence
from softcord.stats.frames import Frame, by_contrast, complete_pairs
from softcord.stats.friedman import friedman
from softcord.stats.kinds.chosen import chosen_methods, rows_for
from softcord.stats.questions import Question
from softcord.stats.rows import ALPHA, Row, row_of, wilcoxon_rows
from softcord.stats.words import Said, about_each, contrast_label, dropped_words, noun, number, write_p

EVERY_CONTRAST = "all contrasts"


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """ANOVA and Friedman over contrasts per method, then every pair of contrasts (one family per method)."""
    wide_by_method = by_contrast(rows_for(evidence, question))
    for method in chosen_methods(list(wide_by_method), question):
        wide = wide_by_method[method]
        if question.contrasts:
            wide = wide[[key for key in question.contrasts if key in wide.columns]]
        if wide.shape[1] < 2:
            continue
        frame = complete_pairs(wide)
        if len(frame.values) >= 2:
            yield from _contrast_effect_rows(frame, question, method)
        yield from wilcoxon_rows(wide, list(combinations(wide.columns, 2)), question, about=method)


def _contrast_effect_rows(frame: Frame, question: Question, method: str) -> Iterator[Row]:
    values = frame.values.to_numpy(dtype=np.float64)
    shared: Row = row_of(question, EVERY_CONTRAST, "n/a", method) | {
        "n": len(values),
        "dropped": len(frame.dropped),
        "dropped_names": " ".join(frame.dropped),
    }
    f = repeated_anova(values)
    yield shared | {
        "statistic": f.statistic,
        "p": f.p,
        "p_adjusted": f.p_gg,
        "method": f"repeated-measures ANOVA, F({f.df_effect}, {f.df_error}); Greenhouse-Geisser epsilon "
        f"{f.epsilon:.3f}; Mauchly W {f.w:.3f}, p {f.p_sphericity:.3g}; effect: generalised eta squared",
        "effect": f.eta_generalised,
        "test": "anova",
    }
    ranks = friedman(values)
    yield shared | {
        "statistic": ranks.statistic,
        "p": ranks.p,
        "p_adjusted": ranks.p,
        "method": f"Friedman, chi-squared({ranks.df}); effect: Kendall's W",
        "effect": ranks.kendall_w,
        "test": "friedman",
    }


def say(rows: pd.DataFrame) -> Iterator[str]:
    """One sentence per method's ANOVA, and one that names the pairs of contrasts that differ."""
    for method, by_test in about_each(rows):
        for row in by_test.get("anova", pd.DataFrame()).to_dict("records"):
            yield _anova_sentence(method, row)
        if "anova" in by_test and "wilcoxon" in by_test:
            yield _post_hoc_sentence(by_test["wilcoxon"])


def _anova_sentence(method: str, row: Said) -> str:
    corrected = number(row, "p_adjusted")
    effect = "had a significant effect" if corrected < ALPHA else "had no significant effect"
    name, sphericity, *_ = str(row["method"]).split("; ")
    return (
        f"The contrast {effect} on {noun(row['metric'])} of {method} "
        f"({name} = {number(row, 'statistic'):.2f}, n = {row['n']}{dropped_words(row)}, "
        f"{write_p(number(row, 'p'))}; {sphericity}, corrected {write_p(corrected)}; "
        f"generalised eta squared {number(row, 'effect'):.3f})."
    )


def _post_hoc_sentence(tests: pd.DataFrame) -> str:
    found = tests[tests["p_adjusted"] < ALPHA]
    pairs = ", ".join(
        f"{contrast_label(a)}/{contrast_label(b)}" for a, b in zip(found["a"], found["b"], strict=True)
    )
    listed = f": {pairs}" if pairs else ""
    return f"Post-hoc Wilcoxon tests find {len(found)} of {len(tests)} pairs of contrasts to differ{listed}."
