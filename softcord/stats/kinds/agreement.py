"""Do two contrasts of a method agree? Their line, and the limits of their differences."""

from collections.abc import Iterator
from itertools import combinations
from math import isnan

import numpy as np
import pandas as pd

from softcord.contrasts import contrast_label
from softcord.stats.agreement import agreement
from softcord.stats.bland_altman import bland_altman
from softcord.stats.evidence import Evidence
from softcord.stats.kinds.contrasts import tables
from softcord.stats.kinds.two_measurements import icc_rows, icc_words, limit_rows, limit_words
from softcord.stats.pair import Pair
from softcord.stats.questions import Question
from softcord.stats.rows import TESTED_FROM, Row, accounted, row_of
from softcord.stats.words import (
    Said,
    about_each,
    capital,
    dropped_words,
    interval_words,
    noun,
    number,
    signed,
    write_number,
)


def answer(evidence: Evidence, question: Question) -> Iterator[Row]:
    """Line and Bland-Altman limits per method and pair of contrasts."""
    for table in tables(evidence, question):
        for x, y in combinations(table.names, 2):
            yield from _agreement_rows(table.pair(x, y), question, table.method)


def _agreement_rows(pair: Pair, question: Question, method: str) -> Iterator[Row]:
    x, y, complete = pair.a, pair.b, np.isfinite(pair.first) & np.isfinite(pair.second)
    shared: Row = row_of(question, x, y, method) | accounted(int(complete.sum()), pair.left_out())
    if complete.sum() < TESTED_FROM:
        yield shared | {"method": f"no line: complete pairs {int(complete.sum())}", "test": "line"}
        yield shared | {"method": f"no limits: complete pairs {int(complete.sum())}", "test": "bland-altman"}
        return
    fit = agreement(pair.first[complete], pair.second[complete])
    line = f"line b = {fit.slope:.3g} a {fit.intercept:+.3g}, r² {fit.r2:.3f}; effect: slope"
    yield shared | {
        "statistic": fit.r2,
        "p": fit.p,
        "p_adjusted": np.nan,
        "method": f"no line: all values of {x} are equal" if np.isnan(fit.slope) else line,
        "effect": fit.slope,
        "ci_low": fit.slope_low,
        "ci_high": fit.slope_high,
        "intercept": fit.intercept,
        "test": "line",
    }
    yield shared | {
        "method": "Bland-Altman, mean of b - a and 95% limits of agreement",
        "effect": fit.bias,
        "ci_low": fit.limit_low,
        "ci_high": fit.limit_high,
        "test": "bland-altman",
    }
    shared |= {"p": np.nan, "p_adjusted": np.nan}
    yield from icc_rows(shared, np.column_stack([pair.first[complete], pair.second[complete]]))
    yield from limit_rows(shared, bland_altman(pair.second[complete] - pair.first[complete]), "b - a")


def say(rows: pd.DataFrame) -> Iterator[str]:
    """One sentence per method and pair of contrasts."""
    for method, by_test in about_each(rows):
        lines = by_test.get("line", pd.DataFrame()).to_dict("records")
        limits = by_test.get("bland-altman", pd.DataFrame()).to_dict("records")
        for line, limit in zip(lines, limits, strict=True):
            yield _agreement_sentence(method, line, limit) + _how_precise(by_test, line)


def _agreement_sentence(method: str, line: Said, limits: Said) -> str:
    unit = str(line["unit"])
    a, b, intercept = contrast_label(line["a"]), contrast_label(line["b"]), number(line, "intercept")
    if isnan(number(limits, "effect")):
        return f"Whether {a} and {b} of {method} agree cannot be told: {limits['method']}."
    if isnan(number(line, "effect")):
        return f"All values of {a} of {method} are equal: there is no line to {b}."
    sign = "−" if intercept < 0 else "+"
    equation = f"{b} = {signed(number(line, 'effect'), 2)} {a} {sign} {write_number(abs(intercept), unit)}"
    return (
        f"{capital(noun(line['metric']))} of {method} agrees between {a} and {b} as {equation} "
        f"(r² {number(line, 'statistic'):.2f}, n = {line['n']}{dropped_words(line)}); "
        f"the mean difference {b} − {a} is {write_number(number(limits, 'effect'), unit)} "
        f"with 95% limits of agreement {signed(number(limits, 'ci_low'), 2)} to "
        f"{write_number(number(limits, 'ci_high'), unit)}."
    )


def _how_precise(by_test: dict[str, pd.DataFrame], line: Said) -> str:
    """Say the intervals of bias and limits, and both intraclass correlations, of the same pair."""
    if isnan(number(line, "effect")):
        return ""
    told: dict[str, Said] = {}
    for test in ("bias", "lower limit", "upper limit", "icc(2,1)", "icc(3,1)"):
        rows = by_test.get(test, pd.DataFrame(columns=["a", "b"]))
        own = rows[(rows["a"] == line["a"]) & (rows["b"] == line["b"])]
        if own.empty:
            return ""
        told[test] = own.iloc[0].to_dict()
    lower, upper = limit_words(told["lower limit"]), limit_words(told["upper limit"])
    icc = f"ICC(2,1) {icc_words(told['icc(2,1)'])}, ICC(3,1) {icc_words(told['icc(3,1)'])}"
    return f" The mean difference is {interval_words(told['bias'])}, the limits {lower} and {upper}; {icc}."
