"""Questions between methods: is one better than the other on the same participants?"""

from collections.abc import Iterator, Sequence
from itertools import combinations
from math import isnan

import pandas as pd

from softcord.errors import DataError
from softcord.stats.adjust import adjust
from softcord.stats.evidence import Evidence
from softcord.stats.frames import by_method
from softcord.stats.kinds.chosen import chosen_methods, rows_for
from softcord.stats.mixed import seed_model
from softcord.stats.questions import Question
from softcord.stats.rows import ALPHA, Row, correction_words, row_of, wilcoxon_rows
from softcord.stats.words import (
    Said,
    capital,
    dropped_words,
    interval_words,
    noun,
    number,
    signed,
    tables_by_test,
    write_number,
    write_p,
)

# All pairs of more methods than this are more tests than anyone reads; one method is then the reference.
ALL_PAIRS_UP_TO = 30
SEED_MODELS_UP_TO = 15
# A family of more tests than this is summed up instead of being said pair by pair.
PAIR_BY_PAIR_UP_TO = 12


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """Wilcoxon tests of all pairs (or of all with the reference); then, with several seeds, mixed models."""
    rows = rows_for(evidence, question)
    wide = by_method(rows, question.unit_of_analysis)
    names = chosen_methods(list(wide.columns), question)
    if len(names) < 2:
        raise DataError(
            question.name, f"only {', '.join(names) or 'no method'} was measured", "Run more methods"
        )
    pairs = _pairs(names, question)
    yield from wilcoxon_rows(wide, pairs, question)
    yield from _seed_rows(rows, pairs, question)


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


def say(rows: pd.DataFrame) -> Iterator[str]:
    """One sentence per pair of methods; of a large family, how many differ and those with the smallest p."""
    by_test = tables_by_test(rows)
    tests = by_test.get("wilcoxon", pd.DataFrame())
    if len(tests) > PAIR_BY_PAIR_UP_TO:
        yield _summed_up(tests)
    shown = tests.sort_values("p").head(PAIR_BY_PAIR_UP_TO)
    for row in shown.sort_index().to_dict("records"):
        yield _pair_sentence(row)
    for row in by_test.get("seed model", pd.DataFrame()).to_dict("records"):
        yield _seed_sentence(row)


def _summed_up(tests: pd.DataFrame) -> str:
    found = int((tests["p_adjusted"] < ALPHA).sum())
    return (
        f"Of {len(tests)} pairs of methods, {found} differ in {noun(tests['metric'].iloc[0])} "
        f"(corrected p < {ALPHA}); the {PAIR_BY_PAIR_UP_TO} with the smallest p follow."
    )


def _pair_sentence(row: Said) -> str:
    a, b, what, p = row["a"], row["b"], noun(row["metric"]), number(row, "p_adjusted")
    if isnan(number(row, "p")):
        return f"{capital(what)} of {a} and {b} was not tested: {row['method']}."
    effect = number(row, "effect")
    if p < ALPHA:
        opening = f"{capital(what)} was {'lower' if effect < 0 else 'higher'} with {a} than with {b}"
    else:
        opening = f"{capital(what)} did not differ significantly between {a} and {b}"
    return f"{opening} (median difference {interval_words(row)}; {_test_words(row)})."


def _test_words(row: Said) -> str:
    words = [
        f"two-sided {str(row['method']).split('; ')[0]}, n = {row['n']}{dropped_words(row)}",
        f"{write_p(number(row, 'p_adjusted'))}, {row['correction']}",
        f"rank-biserial correlation {signed(number(row, 'rank_biserial'), 2)}",
        str(row["note"]),
    ]
    return "; ".join(part for part in words if part)


def _seed_sentence(row: Said) -> str:
    spread = write_number(number(row, "sd_seed"), str(row["unit"]))
    found = "is" if number(row, "p_adjusted") < ALPHA else "is not"
    return (
        f"With the seed as a random factor (SD between seeds {spread}), the difference "
        f"in {noun(row['metric'])} between {row['a']} and {row['b']}, {interval_words(row)}, "
        f"{found} significant ({write_p(number(row, 'p_adjusted'))}, {row['correction']})."
    )
