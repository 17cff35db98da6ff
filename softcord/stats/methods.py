"""Questions between methods: is one better than the other on the same participants?"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import pandas as pd

from softcord.errors import DataError
from softcord.stats.adjust import adjust
from softcord.stats.frames import by_method, tested_methods
from softcord.stats.mixed import seed_model
from softcord.stats.questions import Question
from softcord.stats.rows import Row, correction_words, row_of, wilcoxon_rows

# All pairs of more methods than this are more tests than anyone reads; one method is then the reference.
ALL_PAIRS_UP_TO = 30
SEED_MODELS_UP_TO = 15


def answer_methods(rows: pd.DataFrame, question: Question) -> Iterator[Row]:
    """Wilcoxon tests of all pairs (or of all with the reference); then, with several seeds, mixed models."""
    wide = by_method(rows, question.unit_of_analysis)
    names = chosen_methods(list(wide.columns), question)
    if len(names) < 2:
        raise DataError(
            question.name, f"only {', '.join(names) or 'no method'} was measured", "Run more methods"
        )
    pairs = _pairs(names, question)
    yield from wilcoxon_rows(wide, pairs, question)
    yield from _seed_rows(rows, pairs, question)


def chosen_methods(measured: Sequence[str], question: Question) -> list[str]:
    """Return the measured methods a question is about, in its order; never the ground truth by default."""
    if not question.methods:
        return tested_methods([str(name) for name in measured])
    return [name for name in question.methods if name in set(measured)]


def _pairs(names: Sequence[str], question: Question) -> list[tuple[str, str]]:
    reference = question.reference
    if reference is None and len(names) > ALL_PAIRS_UP_TO:
        reference = "soft_all" if "soft_all" in names else names[0]
    if reference is None:
        return list(combinations(names, 2))
    if reference not in names:
        raise DataError(
            question.name, f"its reference {reference} was not measured", f"Measured: {', '.join(names)}"
        )
    return [(reference, name) for name in names if name != reference]


def _seed_rows(rows: pd.DataFrame, pairs: Sequence[tuple[str, str]], question: Question) -> Iterator[Row]:
    """Add the answer with the seed as a random factor, where the methods were run with several seeds."""
    if len(pairs) > SEED_MODELS_UP_TO or question.unit_of_analysis == "pooled":
        return
    seeds = rows.groupby("method", observed=True)["run"].nunique()
    fits = {}
    for a, b in pairs:
        fit = seed_model(rows, a, b) if min(seeds[a], seeds[b]) >= 2 else None
        if fit is not None:
            fits[a, b] = fit
    adjusted = adjust([fit.p for fit in fits.values()], question.correction)
    for ((a, b), fit), p_adjusted in zip(fits.items(), adjusted, strict=True):
        words = correction_words(question, len(fits))
        text = f"mixed model, seed random, t({fit.df}), {fit.runs} runs, SD between seeds {fit.sd_seed:.3g}"
        yield row_of(question, a, b) | {
            "correction": words,
            "n": fit.n,
            "dropped": int(rows["participant_id"].nunique()) - fit.n,
            "statistic": fit.statistic,
            "p": fit.p,
            "p_adjusted": p_adjusted,
            "method": f"{text}; {words}",
            "effect": fit.effect,
            "ci_low": fit.ci_low,
            "ci_high": fit.ci_high,
            "test": "seed model",
            "mean_difference": fit.effect,
            "sd_seed": fit.sd_seed,
        }
