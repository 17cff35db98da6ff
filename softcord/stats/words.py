"""Words of the answers: numbers with their units, p-values, names of metrics and contrasts."""

from collections.abc import Hashable, Iterator
from math import isnan
from typing import Any

import pandas as pd

from softcord.measure.metrics import METRICS

Said = dict[Hashable, Any]
METHODS_UP_TO = 20
UNIT_SIGNS = {"mm2": " mm²", "mm3": " mm³", "mm": " mm", "%": "%", "deg": "°", "1": "", "": ""}


def write_p(p: float) -> str:
    """Write ``p < 0.001`` or ``p = 0.0125``."""
    if isnan(p):
        return "p not available"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"


def write_number(value: float, unit: str) -> str:
    """Write a number with a true minus sign and its unit's sign; ``n/a`` where there is none."""
    if isnan(value):
        return "n/a"
    return signed(value, digits_of_unit(unit)) + UNIT_SIGNS.get(unit, f" {unit}")


def digits_of_unit(unit: str) -> int:
    """Decimals of a number in that unit: three for shares, two for everything else."""
    return 3 if unit in ("", "1") else 2


def signed(value: float, digits: int) -> str:
    """Write a number with a true minus sign; never a negative zero, and no more digits than fit."""
    if abs(value) >= 1e5:
        return f"{value:.4g}".replace("-", "−")
    text = f"{value:.{digits}f}"
    if float(text) == 0 and abs(value) > 1e-12:
        return f"{value:.2g}".replace("-", "−")  # what differs is not written as zero
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def interval_words(row: Said, effect: str = "effect", low: str = "ci_low", high: str = "ci_high") -> str:
    """Write a row's effect and its 95% interval; without the interval where there is none."""
    unit = str(row["unit"])
    value = write_number(number(row, effect), unit)
    bounds = number(row, low), number(row, high)
    if any(isnan(bound) for bound in bounds):
        return value
    return f"{value}, 95% CI {signed(bounds[0], digits_of_unit(unit))} to {write_number(bounds[1], unit)}"


def dropped_words(row: Said) -> str:
    """Write whom a row dropped, as a count; nothing where it dropped nobody."""
    return f", {row['dropped']} dropped" if row["dropped"] else ""


def noun(metric: object) -> str:
    """Write a metric inside a sentence: ``absolute CSA error (soft)``."""
    name = str(metric)
    label = METRICS[name].label if name in METRICS else name
    return (
        label.split(" (")[0]
        .replace("|CSA error|", "absolute CSA error")
        .replace(", soft", " (soft)")
        .replace(", binarised", " (binarised)")
    )


def capital(text: str) -> str:
    """Begin a sentence with a capital."""
    return text[:1].upper() + text[1:]


def number(row: Said, key: str) -> float:
    """Return a number of a row; NaN where it has none."""
    value = row[key]
    return float(value) if isinstance(value, int | float) else float("nan")


def tables_by_test(rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return the rows of one question by test (``wilcoxon``, ``anova``, ...), in their order."""
    return {str(name): part for name, part in rows.groupby("test", sort=False)}


def about_each(rows: pd.DataFrame) -> Iterator[tuple[str, dict[str, pd.DataFrame]]]:
    """Yield each method that a question is about, with its rows by test; the first twenty of them."""
    for about in rows["about"].unique()[:METHODS_UP_TO]:
        yield str(about), tables_by_test(rows[rows["about"] == about])
