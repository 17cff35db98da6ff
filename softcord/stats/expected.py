"""Hold a study's results against published ones: paper, here, agrees?"""

from collections.abc import Mapping, Sequence
from math import isnan, sqrt

import pandas as pd
from scipy.stats import t

from softcord.measure.metrics import METRICS
from softcord.stats.claims import Claim, PaperEffect, PaperLine, PaperOrder, PaperValue, methods_of
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.equivalence import Verdict, alike, margin_of
from softcord.stats.frames import PAPER_LEVEL
from softcord.stats.rows import ALPHA

COLUMNS = ("source", "claim", "paper", "here", "agrees")
NOT_RUN = "not run"
Row = tuple[str, str, str, str, str]


def check_claims(
    claims: Sequence[Claim],
    measures: pd.DataFrame,
    detailed: pd.DataFrame,
    level: str = PAPER_LEVEL,
    *,
    same_data: bool = True,
    absent: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return a row per claim: what the paper says, what is found here, and whether they agree.

    An answer is ``yes`` or ``no`` only where the data can tell, else ``unclear``; that no difference was
    found is no evidence of likeness. An order is ``yes`` if it is found here with a corrected p below 0.05,
    ``no`` if the opposite is or if both are alike within the margin. Similarity is ``yes`` if two one-sided
    tests show it within the margin that the question states, ``no`` if the 95% interval lies outside.
    An effect of the contrast goes by the corrected test; that there is none, by all pairs being alike. A mean
    or a slope is ``yes`` if the 90% interval of its difference from the published one lies within the margin,
    ``no`` if the 95% interval lies outside; means of another dataset (``same_data=False``) are not expected
    to agree. ``absent`` says by method why there is nothing here.

    Returns:
        Columns source, claim, paper, here, agrees (yes, no, unclear, other data, not run).
    """
    rows = []
    for claim in claims:
        if isinstance(claim, PaperOrder):
            row = _order(claim, detailed)
        elif isinstance(claim, PaperEffect):
            row = _effect(claim, detailed)
        else:
            row = _line(claim, detailed) if isinstance(claim, PaperLine) else _value(claim, measures, level)
            if not same_data and row[-1] != NOT_RUN:
                row = (*row[:4], "other data")
        rows.append(row if row[-1] != NOT_RUN else (*row[:3], _why(claim, absent or {}), NOT_RUN))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _why(claim: Claim, absent: Mapping[str, str]) -> str:
    known = (absent[name] for name in methods_of(claim) if absent.get(name, NOT_RUN) != NOT_RUN)
    return next(known, NOT_RUN)


def _value(claim: PaperValue, measures: pd.DataFrame, level: str) -> Row:
    at = "" if claim.contrast == "all" else f", {claim.contrast}"
    name = f"{claim.method}{at}: {_label(claim.metric)}"
    paper = f"{claim.mean:g} ± {claim.sd:g} (n = {claim.n})"
    if claim.contrast == "all":
        found = describe(measures, [claim.metric], level, claim.unit_of_analysis)
    else:
        found = describe_contrasts(measures, [claim.metric], level)
        found = found[found["contrast"] == claim.contrast]
    found = found[found["method"] == claim.method]
    if found.empty:
        return claim.source, name, paper, NOT_RUN, NOT_RUN
    mean, sd, n = found[["mean", "sd", "n"]].to_numpy(dtype=float)[0]
    if isnan(sd):
        return claim.source, name, paper, f"{mean:.3g} (n = {n:.0f})", "unclear"
    here = f"{mean:.3g} ± {sd:.3g} (n = {n:.0f})"
    agrees = _same_mean(
        mean - claim.mean, (claim.sd**2 / claim.n, claim.n), (sd**2 / n, n), margin_of(claim.metric)
    )
    return claim.source, name, paper, here, agrees


def _same_mean(
    difference: float, there: tuple[float, float], here: tuple[float, float], margin: float
) -> Verdict:
    """Compare two means by Welch's t; ``there`` and ``here``: squared standard error and n."""
    squared = there[0] + here[0]
    if squared == 0:
        return "yes" if abs(difference) < margin else "no"
    parts = sum(part**2 / (n - 1) for part, n in (there, here) if n > 1)
    freedom = squared**2 / parts if parts > 0 else 1.0
    inner, outer = (t.ppf(level, freedom) * sqrt(squared) for level in (0.95, 0.975))
    return alike((difference - inner, difference + inner), (difference - outer, difference + outer), margin)


def _order(claim: PaperOrder, detailed: pd.DataFrame) -> Row:
    sign = "similar to" if claim.similar else "lower than"
    over = " over images" if claim.unit_of_analysis == "pooled" else ""
    name = f"{_label(claim.metric)}{over}: {claim.lower} {sign} {claim.higher}"
    published = "lower" if claim.p_below is None else f"p < {claim.p_below:g}"
    paper = "no difference" if claim.similar else published
    is_test = (
        (detailed["test"] == "wilcoxon") & (detailed["metric"] == claim.metric) & (detailed["about"] == "")
    )
    is_test &= detailed["unit_of_analysis"] == claim.unit_of_analysis
    for first, second, turn in ((claim.lower, claim.higher, 1.0), (claim.higher, claim.lower, -1.0)):
        rows = detailed[is_test & (detailed["a"] == first) & (detailed["b"] == second)]
        if len(rows):
            row = rows.iloc[0]
            if claim.similar:
                return claim.source, name, paper, _difference(row, turn), _is_alike(row)
            lower = "a lower" if turn > 0 else "a higher"
            return claim.source, name, paper, _difference(row, turn), _has_verdict(row, (lower,))
    return claim.source, name, paper, NOT_RUN, NOT_RUN


def _difference(row: "pd.Series[float]", turn: float) -> str:
    """Write the difference of a pair, turned so that the claim's first method comes first."""
    low, high = sorted((turn * row["ci_low"], turn * row["ci_high"]))
    interval = "" if isnan(low) or isnan(high) else f" (95% CI {low:+.3g} to {high:+.3g})"
    p = "not tested" if isnan(row["p_adjusted"]) else f"corrected p = {row['p_adjusted']:.2g}"
    alike_words = f", alike within ±{row['margin']:g}" if row["p_equivalence"] < ALPHA else ""
    return f"typical difference {turn * row['effect']:+.3g}{interval}, {p}{alike_words}"


def _has_verdict(row: "pd.Series[float]", wanted: tuple[str, ...]) -> Verdict:
    verdict = str(row["verdict"])
    if verdict in wanted:
        return "yes"
    return "no" if verdict.startswith("a ") or verdict == "alike" else "unclear"


def _is_alike(row: "pd.Series[float]") -> Verdict:
    if row["p_equivalence"] < ALPHA:
        return "yes"
    return "no" if row["ci_low"] > row["margin"] or row["ci_high"] < -row["margin"] else "unclear"


def _effect(claim: PaperEffect, detailed: pd.DataFrame) -> Row:
    between = "/".join(claim.contrasts) if claim.contrasts else "contrasts"
    words = "differs" if claim.differs else "does not differ"
    name = f"{claim.method}: {_label(claim.metric)} {words} between {between}"
    own = detailed[(detailed["about"] == claim.method) & (detailed["metric"] == claim.metric)]
    pairs = own[own["test"] == "wilcoxon"]
    tests = own[own["test"] == "anova"]
    if claim.contrasts:
        pairs = pairs[pairs["a"].isin(claim.contrasts) & pairs["b"].isin(claim.contrasts)]
        tests = pairs
    paper = f"p {'<' if claim.differs else '≥'} {ALPHA}"
    if tests.empty:
        return claim.source, name, paper, NOT_RUN, NOT_RUN
    p = float(tests["p_adjusted"].iloc[0])
    found = "not tested" if isnan(p) else f"corrected p = {p:.2g}"
    found += f" (n = {tests['n'].iloc[0]})"
    return claim.source, name, paper, found, _effect_verdict(p, pairs, claim.differs)


def _effect_verdict(p: float, pairs: pd.DataFrame, differs: bool) -> Verdict:
    """An effect is there by its test; that there is none takes all pairs within the margin."""
    # All pairs must be alike at once, which needs no correction (intersection-union test).
    all_alike = len(pairs) > 0 and bool((pairs["p_alike"] < ALPHA).all())
    if differs:
        return "yes" if p < ALPHA else "no" if all_alike else "unclear"
    if all_alike:
        return "yes"
    outside = (pairs["ci_low"] > pairs["margin"]) | (pairs["ci_high"] < -pairs["margin"])
    return "no" if bool((outside & (pairs["p_adjusted"] < ALPHA)).any()) else "unclear"


def _line(claim: PaperLine, detailed: pd.DataFrame) -> Row:
    name = f"{claim.method}: {_label(claim.metric)} of {claim.y} by {claim.x}"
    paper = f"slope {claim.slope:g}, intercept {claim.intercept:g}, r² {claim.r2:g}"
    is_line = (detailed["test"] == "line") & (detailed["metric"] == claim.metric)
    own = detailed[is_line & (detailed["about"] == claim.method)]
    own = own[(own["a"] == claim.x) & (own["b"] == claim.y)]
    if own.empty:
        return claim.source, name, paper, NOT_RUN, NOT_RUN
    columns = ["effect", "ci_low", "ci_high", "intercept", "statistic", "n"]
    slope, low, high, intercept, r2, n = own[columns].to_numpy(dtype=float)[0]
    if isnan(slope):
        return claim.source, name, paper, "no line", "unclear"
    here = f"slope {slope:.2f} (95% CI {low:.2f} to {high:.2f}), intercept {intercept:.2f}, r² {r2:.2f}"
    away, half = slope - claim.slope, (high - low) / 2
    inner = half * t.ppf(0.95, n - 2) / t.ppf(0.975, n - 2)
    agrees = alike((away - inner, away + inner), (away - half, away + half), claim.margin)
    return claim.source, name, paper, here, agrees


def _label(metric: str) -> str:
    return METRICS[metric].label if metric in METRICS else metric
