"""The answer to each question between methods in one short line, for the terminal."""

from collections.abc import Collection
from math import isnan

import pandas as pd

from softcord.stats.words import Said, interval_words, number, write_p


def verdicts(comparisons: pd.DataFrame, methods: Collection[str]) -> list[str]:
    """Return a line per pair of methods and mixed model: what was found, how much, of how many.

    Args:
        comparisons: the rows of comparisons.csv.
        methods: what was compared; other rows are within a method.
    """
    is_between = comparisons["a"].isin(methods) & comparisons["b"].isin(methods)
    is_test = comparisons["method"].str.startswith(("Wilcoxon", "mixed model", "not tested"))
    return [_line(row) for row in comparisons[is_between & is_test].to_dict("records")]


def _line(row: Said) -> str:
    a, b = row["a"], row["b"]
    said = {
        "a lower": f"{a} lower than {b}",
        "a higher": f"{a} higher than {b}",
        "alike": f"{a} and {b} alike",
        "cannot tell": f"{a} and {b}: cannot tell",
    }.get(str(row["verdict"]), f"{a} and {b}: no difference found")
    model = " with seeds random" if str(row["method"]).startswith("mixed model") else ""
    p = number(row, "p_adjusted")
    how = "not tested" if isnan(p) else f"corrected {write_p(p)}"
    effect = "" if isnan(number(row, "effect")) else f"{interval_words(row)}, "
    return f"{row['question']}{model}: {said} ({effect}{how}, n = {row['n']} of {row['participants']})"
