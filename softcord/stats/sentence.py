"""Say each answer in a sentence that fits a paper, from the numbers in its row."""

from collections.abc import Hashable, Iterator
from math import isnan
from typing import Any

import pandas as pd

from softcord.contrasts import CONTRASTS
from softcord.measure.metrics import METRICS
from softcord.stats.rows import ALPHA

Row = dict[Hashable, Any]
UNIT_SIGNS = {"mm2": " mm²", "mm3": " mm³", "mm": " mm", "%": "%", "deg": "°", "1": "", "": ""}
# A family of more tests than this is summed up instead of being said pair by pair.
PAIR_BY_PAIR_UP_TO = 12
METHODS_UP_TO = 20


def sentences(detailed: pd.DataFrame) -> list[str]:
    """Say the rows of one question (:func:`softcord.stats.compare.compare_in_detail`) in sentences.

    One per pair of methods with its median difference, interval, corrected p, n and whom it dropped; one per
    ANOVA with the contrast pairs that differ; one per line of agreement.
    """
    said: list[str] = []
    abouts = detailed["about"].unique()
    for about in abouts[:METHODS_UP_TO]:
        rows = detailed[detailed["about"] == about]
        by_test = {str(name): part for name, part in rows.groupby("test", sort=False)}
        said += list(_within(str(about), by_test) if about else _methods(by_test))
    if len(abouts) > METHODS_UP_TO:
        said.append(f"The same was asked of {len(abouts) - METHODS_UP_TO} more methods; see comparisons.csv.")
    return said


def write_p(p: float) -> str:
    """Write ``p < 0.001`` or ``p = 0.0125``."""
    if isnan(p):
        return "p not available"
    return "p < 0.001" if p < 0.001 else f"p = {p:.3g}"


def write_number(value: float, unit: str) -> str:
    """Write a number with a true minus sign and its unit's sign; three digits that carry meaning."""
    return _signed(value, _digits(unit)) + UNIT_SIGNS.get(unit, f" {unit}")


def _digits(unit: str) -> int:
    return 3 if unit in ("", "1") else 2


def _signed(value: float, digits: int) -> str:
    text = f"{value:.{digits}f}"
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def _methods(by_test: dict[str, pd.DataFrame]) -> Iterator[str]:
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
        f"Of {len(tests)} pairs of methods, {found} differ in {_noun(tests['metric'].iloc[0])} "
        f"(corrected p < {ALPHA}); the {PAIR_BY_PAIR_UP_TO} with the smallest p follow."
    )


def _pair_sentence(row: Row) -> str:
    a, b, noun, p = row["a"], row["b"], _noun(row["metric"]), _number(row, "p_adjusted")
    if isnan(_number(row, "p")):
        return f"{_capital(noun)} of {a} and {b} was not tested: {row['method']}."
    effect = _number(row, "effect")
    if p < ALPHA:
        opening = f"{_capital(noun)} was {'lower' if effect < 0 else 'higher'} with {a} than with {b}"
    else:
        opening = f"{_capital(noun)} did not differ significantly between {a} and {b}"
    return f"{opening} (median difference {_interval(row)}; {_test_words(row)})."


def _test_words(row: Row) -> str:
    words = [
        f"two-sided {str(row['method']).split('; ')[0]}, n = {row['n']}{_dropped(row)}",
        f"{write_p(_number(row, 'p_adjusted'))}, {row['correction']}",
        f"rank-biserial correlation {_signed(_number(row, 'rank_biserial'), 2)}",
        str(row["note"]),
    ]
    return "; ".join(part for part in words if part)


def _seed_sentence(row: Row) -> str:
    spread = write_number(_number(row, "sd_seed"), str(row["unit"]))
    found = "is" if _number(row, "p_adjusted") < ALPHA else "is not"
    return (
        f"With the seed as a random factor (SD between seeds {spread}), the difference in "
        f"{_noun(row['metric'])} between {row['a']} and {row['b']}, {_interval(row)}, {found} significant "
        f"({write_p(_number(row, 'p_adjusted'))}, {row['correction']})."
    )


def _within(method: str, by_test: dict[str, pd.DataFrame]) -> Iterator[str]:
    for row in by_test.get("anova", pd.DataFrame()).to_dict("records"):
        yield _anova_sentence(method, row)
    if "anova" in by_test and "wilcoxon" in by_test:
        yield _post_hoc_sentence(by_test["wilcoxon"])
    lines = by_test.get("line", pd.DataFrame()).to_dict("records")
    limits = by_test.get("bland-altman", pd.DataFrame()).to_dict("records")
    for line, limit in zip(lines, limits, strict=True):
        yield _agreement_sentence(method, line, limit)


def _anova_sentence(method: str, row: Row) -> str:
    corrected = _number(row, "p_adjusted")
    effect = "had a significant effect" if corrected < ALPHA else "had no significant effect"
    name, sphericity, *_ = str(row["method"]).split("; ")
    return (
        f"The contrast {effect} on {_noun(row['metric'])} of {method} "
        f"({name} = {_number(row, 'statistic'):.2f}, n = {row['n']}{_dropped(row)}, "
        f"{write_p(_number(row, 'p'))}; {sphericity}, corrected {write_p(corrected)}; "
        f"generalised eta squared {_number(row, 'effect'):.3f})."
    )


def _post_hoc_sentence(tests: pd.DataFrame) -> str:
    found = tests[tests["p_adjusted"] < ALPHA]
    pairs = ", ".join(f"{_label(a)}/{_label(b)}" for a, b in zip(found["a"], found["b"], strict=True))
    listed = f": {pairs}" if pairs else ""
    return f"Post-hoc Wilcoxon tests find {len(found)} of {len(tests)} pairs of contrasts to differ{listed}."


def _agreement_sentence(method: str, line: Row, limits: Row) -> str:
    unit = str(line["unit"])
    a, b, intercept = _label(line["a"]), _label(line["b"]), _number(line, "intercept")
    if isnan(_number(line, "effect")):
        return f"All values of {a} of {method} are equal: there is no line to {b}."
    sign = "−" if intercept < 0 else "+"
    equation = f"{b} = {_signed(_number(line, 'effect'), 2)} {a} {sign} {write_number(abs(intercept), unit)}"
    return (
        f"{_capital(_noun(line['metric']))} of {method} agrees between {a} and {b} as {equation} "
        f"(r² {_number(line, 'statistic'):.2f}, n = {line['n']}{_dropped(line)}); "
        f"the mean difference {b} − {a} is {write_number(_number(limits, 'effect'), unit)} "
        f"with 95% limits of agreement {_signed(_number(limits, 'ci_low'), 2)} to "
        f"{write_number(_number(limits, 'ci_high'), unit)}."
    )


def _interval(row: Row) -> str:
    unit = str(row["unit"])
    low = _signed(_number(row, "ci_low"), _digits(unit))
    effect, high = (write_number(_number(row, key), unit) for key in ("effect", "ci_high"))
    return f"{effect}, 95% CI {low} to {high}"


def _dropped(row: Row) -> str:
    return f", {row['dropped']} dropped" if row["dropped"] else ""


def _noun(metric: object) -> str:
    name = str(metric)
    label = METRICS[name].label if name in METRICS else name
    return (
        label.split(" (")[0]
        .replace("|CSA error|", "absolute CSA error")
        .replace(", soft", " (soft)")
        .replace(", binarised", " (binarised)")
    )


def _label(contrast: object) -> str:
    return CONTRASTS[str(contrast)].label if str(contrast) in CONTRASTS else str(contrast)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _number(row: Row, key: str) -> float:
    value = row[key]
    return float(value) if isinstance(value, int | float) else float("nan")
