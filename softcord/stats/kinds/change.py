"""Questions about change over time: how much a year, in whom, and could a trial see a drug slow it?"""

from collections.abc import Iterator
from itertools import combinations
from math import inf, isnan, nan, sqrt

import numpy as np
import pandas as pd
from scipy.stats import t

from softcord.errors import DataError
from softcord.stats.adjust import adjust
from softcord.stats.cross_section import level_differences
from softcord.stats.evidence import Evidence
from softcord.stats.followed import Followed, followed
from softcord.stats.kinds.chosen import chosen_methods, measured_for
from softcord.stats.questions import Question
from softcord.stats.rate import Rate, rate_of_change
from softcord.stats.rows import ALPHA, Row, accounted, correction_words, row_of
from softcord.stats.sessions import session_values
from softcord.stats.trial import Trial
from softcord.stats.visits import Known


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """Per method and group: change in the metric's unit and in percent a year, groups' difference, trial."""
    grid = measured_for(evidence, question).over(question.contrasts)
    known = Known(evidence.participants, evidence.sessions)
    slopes: list[Row] = []
    others: list[Row] = []
    for method in chosen_methods(grid.names(), question):
        values = session_values(grid, method)
        people = followed(values, known, question.time, question.group, question.covariates)
        change, more = _method_rows(people, question, method)
        slopes += change
        others += more
    yield from _corrected(slopes, question)
    yield from others


def _method_rows(people: Followed, question: Question, method: str) -> tuple[list[Row], list[Row]]:
    visits, groups = people.visits, people.groups()
    rates = {group: _rates(people, group, question) for group in groups}
    slopes: list[Row] = []
    others: list[Row] = []
    for group, (absolute, relative) in rates.items():
        start = row_of(question, group, "", method) | accounted(absolute.n, people.left_out(group))
        slopes.append(start | _rate_row(absolute, f"{_unit(start)}/year", "change"))
        if relative is not None:
            others.append(start | _rate_row(_in_percent(relative), "%/year", "change %"))
        others.extend(_trial_rows(start, absolute, visits[visits["group"] == group], question))
    for a, b in combinations(groups, 2):
        left_out = people.left_out(a) | people.left_out(b)
        start = row_of(question, b, a, method) | accounted(rates[a][0].n + rates[b][0].n, left_out)
        others.append(start | _difference_row(rates[b][0], rates[a][0], f"{_unit(start)}/year"))
    others.extend(_level_rows(people, question, method))
    return slopes, others


def _unit(row: Row) -> str:
    return str(row["unit"] or "1")


def _rates(people: Followed, group: str, question: Question) -> tuple[Rate, Rate | None]:
    """Rate of a group in the metric's unit, and on logarithms: None where a value is not above 0.

    Raises:
        DataError: too few people of the group have two sessions.
    """
    part, design = people.of_group(group)
    try:
        absolute = rate_of_change(part["value"], part["years"], part["participant_id"], design)
    except ValueError as error:
        where, who = (
            (f"column {question.group}", f"{group} has") if question.group else ("sessions.tsv", "there are")
        )
        what = f"{who} too few people, {str(error).removeprefix('people: ')}"
        raise DataError(where, what, "Ask without group or covariates, or add participants") from error
    if not (part["value"] > 0).all():
        return absolute, None
    return absolute, rate_of_change(np.log(part["value"]), part["years"], part["participant_id"], design)


def _in_percent(rate: Rate) -> dict[str, float]:
    shown = {"value": rate.value, "ci_low": rate.ci_low, "ci_high": rate.ci_high}
    spread = {"sd_within": 100 * rate.sd_within, "sd_rates": 100 * rate.sd_rates}
    return vars(rate) | spread | {name: 100 * float(np.expm1(number)) for name, number in shown.items()}


def _rate_row(rate: Rate | dict[str, float], unit: str, test: str) -> Row:
    told = rate if isinstance(rate, dict) else vars(rate)
    spread = f"SD of a session {told['sd_within']:.3g}, of people's rates {told['sd_rates']:.3g}"
    if isnan(told["sd_rates"]):
        spread = f"SD of a session {told['sd_within']:.3g}, people's own rates included"
    return {
        "unit": unit,
        "statistic": told["statistic"],
        "p": told["p"],
        "p_adjusted": nan,
        "method": f"mixed model of {told['sessions']:.0f} sessions, t({told['df']:.4g}); {spread}",
        "effect": told["value"],
        "ci_low": told["ci_low"],
        "ci_high": told["ci_high"],
        "test": test,
    }


def _difference_row(a: Rate, b: Rate, unit: str) -> Row:
    """Rate of one group minus that of the other, each with its own variance (Welch, Satterthwaite)."""
    effect = a.value - b.value
    variances = np.array([a.standard_error**2, b.standard_error**2])
    error = sqrt(float(variances.sum()))
    df = float(variances.sum() ** 2 / (variances**2 / np.array([a.df, b.df])).sum()) if error > 0 else nan
    statistic = effect / error if error > 0 else (float(np.copysign(inf, effect)) if effect else 0.0)
    half = float(t.ppf(0.975, df)) * error if error > 0 else 0.0
    p = float(2 * t.sf(abs(statistic), df)) if error > 0 else float(effect == 0)
    return {
        "unit": unit,
        "statistic": statistic,
        "p": p,
        "p_adjusted": nan,
        "method": f"difference of two groups' rates, n = {a.n} and {b.n}, Welch t({df:.4g}); uncorrected",
        "effect": effect,
        "ci_low": effect - half,
        "ci_high": effect + half,
        "test": "change difference",
    }


def _trial_rows(start: Row, rate: Rate, visits: pd.DataFrame, question: Question) -> Iterator[Row]:
    """People per arm of a trial, with those at the ends of the rate's interval; and what 50 per arm see."""
    trial = Trial(question.trial_years, question.trial_visits)
    sd = trial.sd_of_rate(rate.sd_within, rate.sd_rates)
    share = question.drug_effect_pct / 100
    ends = [trial.people_per_arm(share * end, sd) for end in (rate.ci_low, rate.ci_high)]
    contains_zero = rate.ci_low <= 0 <= rate.ci_high
    design = f"{trial.visits} scans over {trial.years:g} years, power {trial.power}, two-sided {trial.alpha}"
    yield start | {
        "b": f"drug effect {question.drug_effect_pct:g}%",
        "unit": "people per arm",
        "statistic": sd,
        "p": nan,
        "p_adjusted": nan,
        "method": f"{design}; statistic: SD of a person's rate in that trial",
        "effect": trial.people_per_arm(share * rate.value, sd),
        "ci_low": min(ends),
        "ci_high": inf if contains_zero else max(ends),
        "test": "trial",
    }
    yield start | {
        "b": "50 per arm",
        "unit": "%/year",
        "statistic": sd,
        "p": nan,
        "p_adjusted": nan,
        "method": f"smallest difference in rate that is seen; {design}",
        "effect": 100 * trial.detectable(50, sd) / abs(float(visits["value"].mean()) or nan),
        "ci_low": nan,
        "ci_high": nan,
        "test": "trial detectable",
    }


def _level_rows(people: Followed, question: Question, method: str) -> Iterator[Row]:
    """Differences between people in level, everybody counting who has a session: groups and covariates."""
    visits, groups, names = people.visits, people.groups(), people.covariates
    there = set(visits["participant_id"])
    if not names and len(groups) < 2:
        return
    of_group = [(visits["group"] == group).to_numpy(dtype=np.float64) for group in groups[1:]]
    columns = [visits[name].to_numpy(dtype=np.float64) for name in names]
    labels = [(group, groups[0]) for group in groups[1:]] + [_sides(name) for name in names]
    design = np.column_stack([np.ones(len(visits)), *of_group, *columns])
    try:
        found = level_differences(visits["value"], visits["participant_id"], design)
    except ValueError as error:
        raise DataError(
            question.name, f"covariates cannot be told apart ({error})", "Leave one out"
        ) from error
    for (a, b), difference in zip(labels, found[1:], strict=True):
        unmeasured = {who: why for who, why in people.reasons.items() if who not in there}
        row = row_of(question, a, b, method) | accounted(difference.n, unmeasured)
        per = "" if b else f"/{'year' if a == 'age' else 'unit'}"
        yield row | {
            "unit": f"{_unit(row)}{per}",
            "statistic": difference.statistic,
            "p": difference.p,
            "p_adjusted": nan,
            "method": f"level of people, each other column held, t({difference.df:.4g}); uncorrected",
            "effect": difference.value,
            "ci_low": difference.ci_low,
            "ci_high": difference.ci_high,
            "test": "level",
        }


def _sides(name: str) -> tuple[str, str]:
    """Split ``sex M against F`` into ``sex M`` and ``sex F``; a number's column has no other side."""
    a, _, b = name.partition(" against ")
    return a, f"{a.rpartition(' ')[0]} {b}" if b else ""


def _corrected(slopes: list[Row], question: Question) -> Iterator[Row]:
    adjusted = adjust([float(str(row["p"])) for row in slopes], question.correction)
    words = correction_words(question, len(slopes))
    for row, p in zip(slopes, adjusted, strict=True):
        way = "decreases" if float(str(row["effect"])) < 0 else "increases"
        verdict = way if p < ALPHA else "no change found"
        told = {"p_adjusted": p, "correction": words, "verdict": verdict}
        yield row | told | {"method": f"{row['method']}; {words}"}
