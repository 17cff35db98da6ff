"""The answer at the top of a report: who is best at the first question, by how much, and how sure that is."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import isnan

import pandas as pd

from softcord.hints import listed
from softcord.measure.metrics import METRICS
from softcord.report.page import Block, Verdict, table_of
from softcord.stats.best import Best, best_of
from softcord.stats.missed import failures
from softcord.stats.questions import Question
from softcord.stats.rows import ALPHA
from softcord.stats.words import Said, interval_words, noun, number, write_number, write_p


@dataclass(frozen=True)
class Known:
    """What the answers rest on besides the tests: rankings, failed images and seeds by method."""

    rankings: pd.DataFrame | None
    failed: Mapping[str, tuple[int, int]]
    seeds: Mapping[str, int]


def known_of(measures: pd.DataFrame, rankings: pd.DataFrame | None, level: str) -> Known:
    """Count failed images and seeds in tidy measures; ``rankings`` may be None."""
    return Known(rankings, failed_images(measures, level), _seeds(measures))


def failed_images(measures: pd.DataFrame, level: str) -> dict[str, tuple[int, int]]:
    """Return per method the images without a cord or value, and all its images."""
    counts = failures(measures, level).to_dict("records")
    return {str(row["method"]): (int(row["failed"]), int(row["images"])) for row in counts}


def _seeds(measures: pd.DataFrame) -> dict[str, int]:
    if "seed" not in measures.columns:
        return {}
    pairs = measures[["method", "seed"]].drop_duplicates().astype(str)
    pairs = pairs[~pairs["seed"].isin(["n/a", "", "nan", "None"])]
    return {str(name): int(count) for name, count in pairs.groupby("method")["seed"].nunique().items()}


def best_by_question(
    questions: Sequence[Question], detailed: pd.DataFrame, failed: Mapping[str, tuple[int, int]]
) -> list[Best]:
    """Answer the questions between methods whose metric has a better direction, in their order."""
    found = (
        best_of(detailed[detailed["asked"] == question.name], failed)
        for question in questions
        if question.kind == "methods"
    )
    return [best for best in found if best is not None]


def best_blocks(answers: Sequence[Best], known: Known) -> list[Block]:
    """Return the box of the first answer, and a table of all of them where there are several."""
    if not answers:
        return []
    first = answers[0]
    box = Verdict(first.question, headline(first), tuple(_facts(first, known)), first.answer == "best")
    more = pd.DataFrame([_row(best) for best in answers]) if len(answers) > 1 else pd.DataFrame()
    return [box, *table_of(more, style=lambda column, _: "" if column == "n" else "wrap")]


def headline(best: Best) -> str:
    """Say the answer in a line.

    A difference that a test found but that is shown to be smaller than the margin is called so.
    """
    names = listed(best.leaders, 4)
    row = best.row
    if best.answer == "best":
        small = row is not None and number(row, "p_equivalence") < ALPHA
        but = f", but by less than the {_margin(row)} that matter" if small and row is not None else ""
        return f"{names} is best{but}"
    if best.answer == "alike":
        return f"{names} are alike{f', within ±{_margin(row)}' if row else ''}: none is best"
    if best.answer == "only one":
        return f"Cannot tell: only {names} found the cord, so there is nothing to compare it with"
    if best.answer == "none":
        return "No method found the cord in any image"
    among = f" between {names}" if len(best.leaders) < len(_methods(best)) else ""
    return f"Cannot tell which is best{among}: {best.why}"


def _methods(best: Best) -> Sequence[str]:
    return list(best.failed) or best.leaders


def _margin(row: Said) -> str:
    return write_number(number(row, "margin"), str(row["unit"]))


def _facts(best: Best, known: Known) -> Iterator[tuple[str, str]]:
    row = best.row
    if row is not None:
        yield "effect", effect_words(best)
        yield "p", _p_words(row)
        yield "people", f"n = {row['n']} of {row['participants']} {_unit(row)}"
        if best.answer == "best":
            yield "false claim", _false_claim(row)
    rank = _rank_words(best, known.rankings)
    if rank:
        yield "ranking", rank
    yield "failures", _failure_words(known.failed)
    yield "seeds", _seed_words(best, known.seeds)


def effect_words(best: Best) -> str:
    """Say the deciding difference with its interval, from the side of the better method."""
    row = best.row
    if row is None or isnan(number(row, "effect")):
        return "no difference could be measured"
    few = "; no 95% interval exists with so few" if isnan(number(row, "ci_low")) else ""
    if best.answer != "best":
        return f"{row['a']} − {row['b']} in {noun(row['metric'])}: typically {interval_words(row)}{few}"
    rival = row["b"] if row["a"] == best.leaders[0] else row["a"]
    size, low, high = (abs(number(row, key)) for key in ("effect", "ci_low", "ci_high"))
    words = interval_words({**row, "effect": size, "ci_low": min(low, high), "ci_high": max(low, high)})
    way = METRICS[best.metric].better
    what = f"{noun(row['metric'])} typically {words} {way} than with {rival}"
    others = len(best.failed) > 2
    return f"{what}, the method it is least surely better than{few}" if others else f"{what}{few}"


def _p_words(row: Said) -> str:
    p = number(row, "p_adjusted")
    if isnan(p):
        return "not tested"
    correction = "" if row["correction"] == "uncorrected" else f" ({row['correction']})"
    corrected = "uncorrected" if row["correction"] == "uncorrected" else "corrected"
    return f"{corrected} {write_p(p)}{correction}"


def _unit(row: Said) -> str:
    return "images, as if independent" if row["unit_of_analysis"] == "pooled" else "participants"


def _false_claim(row: Said) -> str:
    p = number(row, "p_false_claim")
    if isnan(p):
        return "its probability is not known with so few"
    chance = "below 0.1%" if p < 0.001 else f"{100 * p:.2g}%"
    return f"with a probability of {chance} the true difference is zero or the other way"


def _rank_words(best: Best, rankings: pd.DataFrame | None) -> str:
    own = rankings[rankings["question"] == best.question] if rankings is not None else pd.DataFrame()
    if own.empty or not best.leaders:
        return ""
    firsts = own[own["method"].isin(best.leaders)].head(4).to_dict("records")
    said = ", ".join(f"{row['method']} in {float(row['first_pct']):.0f}%" for row in firsts)
    tau = float(own["tau"].iloc[0])
    return f"first in resamples of the people: {said} (Kendall's tau {tau:.2f}, n = {own['n'].iloc[0]})"


def _failure_words(failed: Mapping[str, tuple[int, int]]) -> str:
    bad = [f"{name} {count} of {images}" for name, (count, images) in failed.items() if count]
    return f"images without a cord: {listed(bad, 6)}" if bad else "no image without a cord"


def _seed_words(best: Best, seeds: Mapping[str, int]) -> str:
    row = best.row
    about = [str(row["a"]), str(row["b"])] if row is not None else list(best.leaders)
    known = {name: seeds[name] for name in about if seeds.get(name)}
    single = [name for name, count in known.items() if count == 1]
    if single:
        return f"one seed of {' and of '.join(single)}: what another seed would give is not in this"
    return ", ".join(f"{count} of {name}" for name, count in known.items()) or "none recorded"


def _row(best: Best) -> dict[str, str]:
    row = best.row
    return {
        "question": best.question,
        "answer": headline(best),
        "difference": "n/a" if row is None else f"{row['a']} − {row['b']}: {interval_words(row)}",
        "p": "n/a" if row is None else _p_words(row),
        "n": "n/a" if row is None else f"{row['n']} of {row['participants']}",
    }
