"""Sentences about change over time, from the rows of :mod:`softcord.stats.kinds.change`."""

from collections.abc import Iterator
from math import isinf, isnan

import pandas as pd

from softcord.stats.followed import EVERYBODY
from softcord.stats.rows import ALPHA
from softcord.stats.words import (
    METHODS_UP_TO,
    Said,
    capital,
    dropped_words,
    noun,
    number,
    signed,
    tables_by_test,
    write_p,
)

_UNIT_WORDS = {"mm2": "mm²", "mm3": "mm³", "%": "%", "1": ""}


def say(rows: pd.DataFrame) -> Iterator[str]:
    """Per method: change of each group with its trial, then how groups differ, then level of people."""
    for about, own in list(rows.groupby("about", sort=False))[:METHODS_UP_TO]:
        by_test = tables_by_test(own)
        for row in by_test["change"].to_dict("records"):
            yield _change_sentence(str(about), row, _of_group(by_test.get("change %"), row))
            yield _trial_sentence(
                row, _of_group(by_test["trial"], row), _of_group(by_test["trial detectable"], row)
            )
        for row in by_test.get("change difference", pd.DataFrame()).to_dict("records"):
            yield _difference_sentence(str(about), row)
        for row in by_test.get("level", pd.DataFrame()).to_dict("records"):
            yield _level_sentence(str(about), row)


def _of_group(rows: pd.DataFrame | None, change: Said) -> Said:
    if rows is None:
        return {}
    own = rows[rows["a"] == change["a"]]
    return dict(own.iloc[0].to_dict()) if len(own) else {}


def _change_sentence(method: str, row: Said, relative: Said) -> str:
    who = "" if row["a"] == EVERYBODY else f" in {row['a']}"
    percent = f"; in percent {_change_words(relative)}" if relative else ""
    opening = f"{capital(noun(row['metric']))} of {method}"
    if number(row, "p_adjusted") < ALPHA:
        verb = "decreases" if number(row, "effect") < 0 else "increases"
        opening = f"{opening} {verb}{who}"
    else:
        opening = f"{opening} shows no significant change over time{who}"
    return (
        f"{opening}: {_change_words(row)}{percent} (mixed model, n = {row['n']}{dropped_words(row)}; "
        f"{write_p(number(row, 'p_adjusted'))}, {row['correction']})."
    )


def _change_words(row: Said) -> str:
    return f"{_with_unit(number(row, 'effect'), row)}, 95% CI {_ci(row)}"


def _with_unit(value: float, row: Said) -> str:
    unit, _, per = str(row["unit"]).partition("/")
    shown = _UNIT_WORDS.get(unit, unit)
    space = "" if shown in ("%", "") else " "
    return f"{_shown(value)}{space}{shown}" + (f" per {per}" if per else "")


def _ci(row: Said) -> str:
    return f"{_shown(number(row, 'ci_low'))} to {_shown(number(row, 'ci_high'))}"


def _shown(value: float) -> str:
    return signed(value, 3 if abs(value) < 1 else 2)


def _trial_sentence(change: Said, trial: Said, detectable: Said) -> str:
    drug = str(trial["b"]).removeprefix("drug effect ")
    design = str(trial["method"]).split(";")[0]
    sees = number(detectable, "effect")
    alone = "" if isnan(sees) else f"; 50 per arm see a difference of {_shown(sees)}% per year or more"
    if isinf(number(trial, "effect")) or isinf(number(trial, "ci_high")):
        at_rate = _people(number(trial, "effect"))
        unsure = f"at the measured rate it takes {at_rate} per arm, but the rate may be zero"
        return (
            f"How many people a trial needs to see a drug slow this by {drug} cannot be said ({design}): "
            f"{unsure}{alone}."
        )
    low, high = (_people(number(trial, end)) for end in ("ci_low", "ci_high"))
    return (
        f"To see a drug slow this by {drug}, a trial needs {_people(number(trial, 'effect'))} per arm "
        f"({low.removesuffix(' people')} to {high} at the ends of the rate's interval; {design}){alone}."
    )


def _people(number_per_arm: float) -> str:
    return "over a million people" if isinf(number_per_arm) else f"{number_per_arm:.0f} people"


def _difference_sentence(method: str, row: Said) -> str:
    p = number(row, "p")
    opening = f"{capital(noun(row['metric']))} of {method}"
    words = f"difference {_change_words(row)}; {write_p(p)}, uncorrected; n = {row['n']}{dropped_words(row)}"
    if not p < ALPHA:
        return (
            f"{opening}: the changes in {row['a']} and in {row['b']} do not differ significantly ({words})."
        )
    sign = "more upward" if number(row, "effect") > 0 else "more downward"
    return f"{opening} changes {sign} in {row['a']} than in {row['b']} ({words})."


def _level_sentence(method: str, row: Said) -> str:
    found = "" if number(row, "p") < ALPHA else ", which is not significant"
    effect, words = number(row, "effect"), f"95% CI {_ci(row)}; {write_p(number(row, 'p'))}, n = {row['n']}"
    name = f"{noun(row['metric'])} of {method}"
    if row["b"]:
        side = "higher" if effect > 0 else "lower"
        sides = f"in {row['a']} than in {row['b']}"
        return f"Between people, {name} is {side} {sides} by {_with_unit(abs(effect), row)}{found} ({words})."
    return f"Between people, {name} differs with {row['a']} by {_with_unit(effect, row)}{found} ({words})."
