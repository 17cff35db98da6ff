"""Hold a study's results against published ones: paper, here, agrees?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan, sqrt

import pandas as pd

from softcord.measure.metrics import METRICS
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.frames import PAPER_LEVEL, Unit
from softcord.stats.rows import ALPHA

COLUMNS = ("source", "claim", "paper", "here", "agrees")
NOT_RUN = "not run"
Row = tuple[str, str, str, str, str]
_Z = 1.96


@dataclass(frozen=True)
class PaperValue:
    """A published mean ± SD over ``n`` participants (``pooled``: images) of one method and metric."""

    source: str
    method: str
    metric: str
    mean: float
    sd: float
    n: int = 49
    contrast: str = "all"
    unit_of_analysis: Unit = "participant"


@dataclass(frozen=True)
class PaperOrder:
    """A published comparison: ``lower`` has the lower values, or (``similar``) no difference was found.

    ``p_below`` is the published bound of p; None where the paper's text gives none.
    """

    source: str
    metric: str
    lower: str
    higher: str
    p_below: float | None = None
    similar: bool = False


@dataclass(frozen=True)
class PaperEffect:
    """A published test within a method: the metric differs (or not) over all contrasts, or between two."""

    source: str
    method: str
    metric: str
    differs: bool
    contrasts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaperLine:
    """A published line y = slope x + intercept between two contrasts of a method, with its r²."""

    source: str
    method: str
    metric: str
    x: str
    y: str
    slope: float
    intercept: float
    r2: float


Claim = PaperValue | PaperOrder | PaperEffect | PaperLine


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

    Means agree if they differ by less than chance allows (1.96 standard errors of their difference); those
    of another dataset (``same_data=False``) are not expected to. An order agrees if it is found here with a
    corrected p below 0.05, disagrees if the opposite is, and is unclear if there is no significant
    difference. Similarity agrees if no difference is found; an effect of the contrast if the corrected test
    says the same; a line if the published slope lies in the 95% interval of the one found here. ``absent``
    says by method why there is nothing here.

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


def methods_of(claim: Claim) -> tuple[str, ...]:
    """Return the methods that a claim is about."""
    return (claim.lower, claim.higher) if isinstance(claim, PaperOrder) else (claim.method,)


def _why(claim: Claim, absent: Mapping[str, str]) -> str:
    known = (absent[name] for name in methods_of(claim) if absent.get(name, NOT_RUN) != NOT_RUN)
    return next(known, NOT_RUN)


def _value(claim: PaperValue, measures: pd.DataFrame, level: str) -> Row:
    at = "" if claim.contrast == "all" else f", {claim.contrast}"
    name = f"{claim.method}{at}: {_label(claim.metric)}"
    paper = f"{claim.mean:g} ± {claim.sd:g} (n = {claim.n})"
    own = measures[measures["method"] == claim.method]
    if claim.contrast == "all":
        found = describe(own, [claim.metric], level, claim.unit_of_analysis)
    else:
        found = describe_contrasts(own, [claim.metric], level)
        found = found[found["contrast"] == claim.contrast]
    if found.empty:
        return claim.source, name, paper, NOT_RUN, NOT_RUN
    mean, sd, n = found[["mean", "sd", "n"]].to_numpy(dtype=float)[0]
    here = f"{mean:.3g} ± {sd:.3g} (n = {n:.0f})"
    error = sqrt(claim.sd**2 / claim.n + (0.0 if isnan(sd) else sd**2 / n))
    return claim.source, name, paper, here, "yes" if abs(mean - claim.mean) <= _Z * error else "no"


def _order(claim: PaperOrder, detailed: pd.DataFrame) -> Row:
    sign = "similar to" if claim.similar else "lower than"
    name = f"{_label(claim.metric)}: {claim.lower} {sign} {claim.higher}"
    published = "lower" if claim.p_below is None else f"p < {claim.p_below:g}"
    paper = "no difference" if claim.similar else published
    is_test = (detailed["test"] == "wilcoxon") & (detailed["metric"] == claim.metric)
    for first, second, turn in ((claim.lower, claim.higher, 1.0), (claim.higher, claim.lower, -1.0)):
        rows = detailed[is_test & (detailed["a"] == first) & (detailed["b"] == second)]
        if len(rows):
            effect, p = rows[["effect", "p_adjusted"]].to_numpy(dtype=float)[0]
            here = f"median difference {turn * effect:+.3g}, corrected p = {p:.2g}"
            return claim.source, name, paper, here, _verdict(claim, turn * effect, p)
    return claim.source, name, paper, NOT_RUN, NOT_RUN


def _effect(claim: PaperEffect, detailed: pd.DataFrame) -> Row:
    between = "/".join(claim.contrasts) if claim.contrasts else "contrasts"
    words = "differs" if claim.differs else "does not differ"
    name = f"{claim.method}: {_label(claim.metric)} {words} between {between}"
    own = detailed[(detailed["about"] == claim.method) & (detailed["metric"] == claim.metric)]
    if claim.contrasts:
        of_pair = own["a"].isin(claim.contrasts) & own["b"].isin(claim.contrasts)
        own = own[(own["test"] == "wilcoxon") & of_pair]
    else:
        own = own[own["test"] == "anova"]
    paper = f"p {'<' if claim.differs else '≥'} {ALPHA}"
    if own.empty:
        return claim.source, name, paper, NOT_RUN, NOT_RUN
    p = float(own["p_adjusted"].iloc[0])
    found = f"corrected p = {p:.2g} (n = {own['n'].iloc[0]})"
    agrees = "unclear" if isnan(p) else "yes" if (p < ALPHA) == claim.differs else "no"
    return claim.source, name, paper, found, agrees


def _line(claim: PaperLine, detailed: pd.DataFrame) -> Row:
    name = f"{claim.method}: {_label(claim.metric)} of {claim.y} by {claim.x}"
    paper = f"slope {claim.slope:g}, intercept {claim.intercept:g}, r² {claim.r2:g}"
    is_line = (detailed["test"] == "line") & (detailed["metric"] == claim.metric)
    own = detailed[is_line & (detailed["about"] == claim.method)]
    own = own[(own["a"] == claim.x) & (own["b"] == claim.y)]
    if own.empty:
        return claim.source, name, paper, NOT_RUN, NOT_RUN
    columns = ["effect", "ci_low", "ci_high", "intercept", "statistic"]
    slope, low, high, intercept, r2 = own[columns].to_numpy(dtype=float)[0]
    here = f"slope {slope:.2f}, intercept {intercept:.2f}, r² {r2:.2f}"
    agrees = "unclear" if isnan(slope) else "yes" if low <= claim.slope <= high else "no"
    return claim.source, name, paper, here, agrees


def _verdict(claim: PaperOrder, effect: float, p: float) -> str:
    if isnan(p):
        return "unclear"
    if claim.similar:
        return "yes" if p >= ALPHA else "no"
    if p >= ALPHA:
        return "unclear"
    return "yes" if effect < 0 else "no"


def _label(metric: str) -> str:
    return METRICS[metric].label if metric in METRICS else metric
