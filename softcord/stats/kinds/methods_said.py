"""Say which method is better, and how sure that is."""

from collections.abc import Iterator
from math import isnan

import pandas as pd

from softcord.measure.metrics import METRICS
from softcord.stats.rows import ALPHA
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

# A family of more tests than this is summed up instead of being said pair by pair.
PAIR_BY_PAIR_UP_TO = 12


def say(rows: pd.DataFrame) -> Iterator[str]:
    """One sentence per pair of methods; of a large family, how many differ and those with the smallest p."""
    by_test = tables_by_test(rows)
    tests = by_test.get("wilcoxon", pd.DataFrame())
    if len(tests) > PAIR_BY_PAIR_UP_TO:
        yield _summed_up(tests)
    shown = tests.sort_values("p").head(PAIR_BY_PAIR_UP_TO)
    for row in shown.sort_index().to_dict("records"):
        yield _pair_sentence(row)
    single = dict.fromkeys(
        name for names in tests.get("one_seed", pd.Series()) for name in names.split(", ") if name
    )
    if single:
        yield f"One seed of {', '.join(single)}: what another seed would give is not in these tests."
    for row in by_test.get("seed model", pd.DataFrame()).to_dict("records"):
        yield _seed_sentence(row)


def _summed_up(tests: pd.DataFrame) -> str:
    found = int((tests["p_adjusted"] < ALPHA).sum())
    hopeless = int((tests["smallest_p"] >= ALPHA).sum())
    none = f"; {hopeless} of them could not, with so few participants and so many tests" if hopeless else ""
    return (
        f"Of {len(tests)} pairs of methods, {found} differ in {noun(tests['metric'].iloc[0])} "
        f"(corrected p < {ALPHA}){none}; the {PAIR_BY_PAIR_UP_TO} with the smallest p follow."
    )


def _pair_sentence(row: Said) -> str:
    a, b, what = row["a"], row["b"], noun(row["metric"])
    if isnan(number(row, "p")):
        values = "" if isnan(number(row, "effect")) else f" (difference {_first_number(row)})"
        return (
            f"{capital(what)} of {a} and {b} was not compared{values}: {row['method']}{dropped_words(row)}."
        )
    verdict = str(row["verdict"])
    openings = {
        "a lower": f"{capital(what)} was lower with {a} than with {b}",
        "a higher": f"{capital(what)} was higher with {a} than with {b}",
        "alike": f"{capital(what)} was alike with {a} and {b}, within ±{_margin(row)}",
        "cannot tell": f"Whether {what} differs between {a} and {b} cannot be told",
    }
    opening = openings.get(verdict, f"{capital(what)} did not differ significantly between {a} and {b}")
    if verdict.startswith("a ") and number(row, "p_equivalence") < ALPHA:
        opening += f", by less than the {_margin(row)} that matter"
    return f"{opening} ({'; '.join(_details(row))}).{_opposite(row)}"


def _first_number(row: Said) -> str:
    return write_number(number(row, "effect"), str(row["unit"]))


def _margin(row: Said) -> str:
    return write_number(number(row, "margin"), str(row["unit"]))


def _details(row: Said) -> Iterator[str]:
    yield f"typical difference {interval_words(row)}"
    yield f"mean difference {interval_words(row, 'mean_difference', 'mean_ci_low', 'mean_ci_high')}"
    yield _share(row)
    yield f"two-sided {str(row['method']).split('; ')[0]}, n = {row['n']}{dropped_words(row)}"
    yield write_p(number(row, "p"))
    if row["correction"] != "uncorrected":
        yield f"{row['correction']}: {write_p(number(row, 'p_adjusted'))}"
    if row["verdict"] == "alike":
        yield f"equivalence {write_p(number(row, 'p_equivalence'))}"
    if str(row["verdict"]).startswith("a ") and not isnan(number(row, "p_false_claim")):
        yield f"{_false_claim(number(row, 'p_false_claim'))} that this is a false claim"
    yield f"rank-biserial correlation {signed(number(row, 'rank_biserial'), 2)}"
    if row["note"]:
        yield str(row["note"])


def _share(row: Said) -> str:
    """Say how many participants (images) go which way."""
    unit = "images" if row["unit_of_analysis"] == "pooled" else "participants"
    better = METRICS[str(row["metric"])].better if str(row["metric"]) in METRICS else "none"
    lower, higher = int(row["a_lower"]), int(row["a_higher"])
    if better == "none":
        return f"{row['a']} lower in {lower} and higher in {higher} of {row['n']} {unit}"
    good, bad = (lower, higher) if better == "lower" else (higher, lower)
    return f"{row['a']} better in {good} and worse in {bad} of {row['n']} {unit}"


def _false_claim(p: float) -> str:
    return "a probability below 0.1%" if p < 0.001 else f"a probability of {100 * p:.2g}%"


def _opposite(row: Said) -> str:
    """Say so where the mean points against the ranks, and how few make it do so."""
    typical, mean = number(row, "rank_biserial"), number(row, "mean_difference")
    made_by = int(row["mean_made_by"])
    if not typical * mean < 0 or not made_by:
        return ""
    way = "lower" if mean < 0 else "higher"
    if row["unit_of_analysis"] == "pooled":
        who = f"{made_by} of {row['n']} images {'makes' if made_by == 1 else 'make'}"
    else:
        who = f"{made_by} of {row['n']} participants {'makes' if made_by == 1 else 'make'}"
    return (
        f" Typical and mean difference point opposite ways: on the mean, {row['a']} is {way} by "
        f"{write_number(abs(mean), str(row['unit']))}, and {who} the difference."
    )


def _seed_sentence(row: Said) -> str:
    unit = str(row["unit"])
    spread = ", ".join(
        f"{name} {write_number(number(row, key), unit)}"
        for name, key in (
            ("between participants", "sd_participant"),
            ("between their reactions to the methods", "sd_reaction"),
            ("between seeds", "sd_seed"),
        )
    )
    verdict = {"a lower": "is lower", "a higher": "is higher"}.get(str(row["verdict"]), "does not differ")
    said = (
        f"{row['a']} {verdict} than {row['b']}"
        if verdict != "does not differ"
        else (f"{row['a']} and {row['b']} do not differ significantly")
    )
    return (
        f"With other seeds and other participants in mind, {said} in {noun(row['metric'])} (mean difference "
        f"{interval_words(row)}; mixed model with seeds and participants random, n = {row['n']}"
        f"{dropped_words(row)}, {write_p(number(row, 'p'))}, {row['correction']}: "
        f"{write_p(number(row, 'p_adjusted'))}; SD {spread})."
    )
