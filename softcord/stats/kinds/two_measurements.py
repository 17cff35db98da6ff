"""Rows and words of two measurements of the same people: intraclass correlations, bias and its limits."""

from collections.abc import Iterator
from math import isnan, nan

import numpy as np
import numpy.typing as npt

from softcord.stats.bland_altman import BlandAltman
from softcord.stats.icc import Icc, icc_agreement, icc_consistency
from softcord.stats.rows import Row
from softcord.stats.words import Said, number, signed


def icc_rows(start: Row, values: npt.ArrayLike) -> Iterator[Row]:
    """Both intraclass correlations of values, shape (people, repeats), as rows."""
    k = np.shape(values)[1]
    kinds: dict[str, tuple[Icc, str]] = {
        "icc(2,1)": (icc_agreement(values), "absolute agreement, generalised confidence interval"),
        "icc(3,1)": (icc_consistency(values), "consistency, F interval"),
    }
    for test, (icc, words) in kinds.items():
        yield start | {
            "unit": "1",
            "statistic": nan,
            "effect": icc.value,
            "ci_low": icc.ci_low,
            "ci_high": icc.ci_high,
            "method": f"{test.upper()} of {k} repeats, {words}",
            "test": test,
        }


def limit_rows(start: Row, result: BlandAltman, difference: str) -> Iterator[Row]:
    """Bias and both limits of agreement as rows, each with its interval."""
    words = f"Bland-Altman, {difference}"
    for test, limit, detail in (
        ("bias", result.bias, "mean, t interval"),
        ("lower limit", result.lower, "lower 95% limit of agreement, exact interval"),
        ("upper limit", result.upper, "upper 95% limit of agreement, exact interval"),
    ):
        yield start | {
            "statistic": nan,
            "effect": limit.value,
            "ci_low": limit.ci_low,
            "ci_high": limit.ci_high,
            "method": f"{words}: {detail}",
            "test": test,
        }


def icc_words(row: Said) -> str:
    """Write an intraclass correlation with its interval."""
    if isnan(number(row, "effect")):
        return "not available, as nothing varies"
    return f"{number(row, 'effect'):.3f}, 95% CI {number(row, 'ci_low'):.3f} to {number(row, 'ci_high'):.3f}"


def limit_words(row: Said) -> str:
    """Write a limit of agreement with its interval."""
    return " ".join(
        (
            signed(number(row, "effect"), 2),
            f"(95% CI {signed(number(row, 'ci_low'), 2)} to {signed(number(row, 'ci_high'), 2)})",
        )
    )
