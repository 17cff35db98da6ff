"""Questions about precision: how much do repeated scans of one person differ?"""

from collections.abc import Iterator
from math import isnan, nan

import numpy as np
import pandas as pd

from softcord.contrasts import contrast_label
from softcord.errors import DataError
from softcord.stats.bland_altman import bland_altman
from softcord.stats.evidence import Evidence
from softcord.stats.grid import Grid
from softcord.stats.kinds.chosen import chosen_methods
from softcord.stats.kinds.two_measurements import icc_rows, icc_words, limit_rows, limit_words
from softcord.stats.measured import measured
from softcord.stats.questions import Question
from softcord.stats.repeats import repeated_scans
from softcord.stats.rows import Row, accounted, row_of
from softcord.stats.visits import Known, years
from softcord.stats.within_person import REPEATABILITY_SDS, WithinPerson, within_person
from softcord.stats.words import (
    METHODS_UP_TO,
    Said,
    capital,
    dropped_words,
    interval_words,
    noun,
    number,
    tables_by_test,
    write_number,
)

# Intervals of fewer people than this can miss their 95%.
ENOUGH_PEOPLE = 6
# Sessions further apart differ by more than the scan.
CHANGE_FROM_YEARS = 0.25


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """Per method and contrast: within-person SD, CV, repeatability, ICC, and bias between two repeats."""
    grid = measured(evidence.measures, question.metric, question.level).base
    known = Known(evidence.participants, evidence.sessions)
    for method in chosen_methods(grid.names(), question):
        scans, entity = repeated_scans(grid, method, question.repeats)
        apart = _years_apart(scans, known) if entity == "session" else 0.0
        for contrast, own in scans.groupby("contrast", sort=False):
            if not question.contrasts or contrast in question.contrasts:
                yield from _contrast_rows(own, grid, question, method, entity, apart)


def _years_apart(scans: pd.DataFrame, known: Known) -> float:
    """Return the longest time between two sessions of one person; 0 where it is not known."""
    try:
        name = known.time_column()
    except DataError:
        return 0.0
    when = years(known.column(name, scans), name).groupby(scans["participant_id"])
    return float(np.nan_to_num((when.max() - when.min()).max()))


def _contrast_rows(
    scans: pd.DataFrame, grid: Grid, question: Question, method: str, entity: str, apart: float
) -> Iterator[Row]:
    there = scans.dropna(subset=["value"])
    count = there.groupby("scanned")["repeat"].transform("nunique")
    repeated = there[count > 1]
    used = set(repeated["participant_id"])
    scanned = scans["participant_id"].value_counts()
    left_out = {name: _why(int(scanned.get(name, 0))) for name in grid.people if name not in used}
    contrast = str(scans["contrast"].iloc[0])
    start = row_of(question, contrast, f"repeated {entity}s", method) | accounted(len(used), left_out)
    start |= {"p": nan, "p_adjusted": nan, "note": "; ".join(_notes(len(used), apart))}
    if not used:
        return
    spread = within_person(repeated["value"], repeated["scanned"])
    yield from _spread_rows(start, spread)
    wide = _complete(repeated)
    if min(wide.shape) >= 2:
        yield from icc_rows(start | {"n": len(wide)}, wide.to_numpy(dtype=np.float64))
        differences = (wide[2] - wide[1]).to_numpy(dtype=np.float64)
        yield from limit_rows(start | {"n": len(wide)}, bland_altman(differences), "second minus first scan")


def _why(scans: int) -> str:
    return ("not scanned", "one scan")[scans] if scans < 2 else "a value is missing"


def _notes(people: int, apart: float) -> Iterator[str]:
    if people < ENOUGH_PEOPLE:
        yield f"n = {people}: intervals of so few can miss their 95%"
    if apart > CHANGE_FROM_YEARS:
        yield f"sessions are up to {apart:.1f} years apart, so change over time is part of it"


def _complete(scans: pd.DataFrame) -> pd.DataFrame:
    """Return a row per person and a column per repeat (1, 2, ...), of as many repeats as tell most.

    Of a person with runs in several sessions, the first session counts.
    """
    ordered = scans.sort_values(["scanned", "repeat"])
    first = ordered.groupby("participant_id")["scanned"].transform("first")
    ordered = ordered[ordered["scanned"] == first]
    place = ordered.groupby("scanned").cumcount() + 1
    wide = ordered.assign(place=place).pivot(index="participant_id", columns="place", values="value")
    told = {
        k: int(wide[range(1, k + 1)].notna().all(axis=1).sum() - 1) * (k - 1)
        for k in range(2, wide.shape[1] + 1)
    }
    best = max(told, key=lambda k: (told[k], -k))
    return wide[range(1, best + 1)].dropna()


def _spread_rows(start: Row, spread: WithinPerson) -> Iterator[Row]:
    words = f"one-way analysis of variance of {spread.scans} scans, {spread.df} degrees of freedom"
    shared = start | {"statistic": spread.df, "method": f"within-person SD, {words}"}
    sds = {
        "effect": spread.sd,
        "ci_low": spread.sd_low,
        "ci_high": spread.sd_high,
        "test": "within-person sd",
    }
    yield shared | sds
    yield (
        shared
        | {name: REPEATABILITY_SDS * float(str(sds[name])) for name in ("effect", "ci_low", "ci_high")}
        | {"method": "repeatability, 1.96 √2 within-person SDs", "test": "repeatability"}
    )
    if not isnan(spread.cv_pct):
        yield shared | {
            "unit": "%",
            "effect": spread.cv_pct,
            "ci_low": spread.cv_low_pct,
            "ci_high": spread.cv_high_pct,
            "method": f"within-person coefficient of variation, from logarithms, {words}",
            "test": "cv",
        }


def say(rows: pd.DataFrame) -> Iterator[str]:
    """Two sentences per method and contrast: spread of repeats, and agreement between two of them."""
    for _, of_method in list(rows.groupby("about", sort=False))[:METHODS_UP_TO]:
        for _, own in of_method.groupby("a", sort=False):
            told = {test: part.iloc[0].to_dict() for test, part in tables_by_test(own).items()}
            yield _spread_sentence(told)
            if "bias" in told:
                yield _agreement_sentence(told)


def _spread_sentence(told: dict[str, Said]) -> str:
    sd = told["within-person sd"]
    cv = f", a coefficient of variation of {interval_words(told['cv'])}" if "cv" in told else ""
    note = f" ({sd['note']})" if sd["note"] else ""
    what = f"{capital(noun(sd['metric']))} of {sd['about']} in {contrast_label(sd['a'])}"
    return (
        f"{what}: {sd['b']} of one person have an SD of {interval_words(sd)}{cv} "
        f"(n = {sd['n']}{dropped_words(sd)}); two scans differ by less than "
        f"{write_number(number(told['repeatability'], 'effect'), str(sd['unit']))} in 95% of people{note}."
    )


def _agreement_sentence(told: dict[str, Said]) -> str:
    bias, agreement, consistency = told["bias"], told["icc(2,1)"], told["icc(3,1)"]
    lower, upper = limit_words(told["lower limit"]), limit_words(told["upper limit"])
    moved = not number(bias, "ci_low") <= 0 <= number(bias, "ci_high")
    shift = "The second scan is systematically " + ("higher" if number(bias, "effect") > 0 else "lower")
    opening = f"{shift}: its" if moved else "The second scan's"
    icc = f"ICC(2,1) {icc_words(agreement)}, ICC(3,1) {icc_words(consistency)}"
    return (
        f"{opening} mean difference from the first is {interval_words(bias)}, "
        f"with limits of agreement {lower} to {upper}; {icc} (n = {bias['n']})."
    )
