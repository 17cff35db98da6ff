"""Do tests find a difference where there is none in 5 %, and do 95 % intervals hold the truth in 95 %?

``python benchmarks/bench_statistics.py [repeats] [part]``: simulated type-I error of the seeds' model, the
signed-rank test, the corrected ANOVA and the mixed model of change in every cell of people x seeds x SD of
individual reactions x error; coverage of every interval that is printed; and whether the probability of a
false claim is what it says. Parts: errors, visits, coverage, claims. Bars: 3.5 to 6.5 % and 93 to 97 %.

Of 1,000 repeats, a true 5 % is found as 3.6 to 6.4 % in 95 of 100 cells. A cell outside its bar is therefore
simulated again with ten times the repeats (three times for the slow ones), and that number counts.
"""

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise, product

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.stats.anova import repeated_anova
from softcord.stats.bland_altman import LIMIT_SDS, bland_altman
from softcord.stats.cross_section import level_differences
from softcord.stats.false_claim import false_claim_probability
from softcord.stats.icc import icc_agreement, icc_consistency
from softcord.stats.mixed import seed_model
from softcord.stats.rate import rate_of_change
from softcord.stats.shift import mean_shift, typical_shift
from softcord.stats.wilcoxon import signed_rank
from softcord.stats.within_person import within_person

FloatArray = npt.NDArray[np.float64]
Rng = np.random.Generator
PEOPLE, SEEDS, REACTIONS, ERRORS = (8, 12, 49), (1, 3, 5), (0.0, 0.5, 1.0), (0.2, 1.0)
ERROR_BAR_PCT, COVERAGE_BAR_PCT = (3.5, 6.5), (93.0, 97.0)
COVERED_PEOPLE = (6, 8, 12, 49)
SD_PEOPLE, SD_SEED, CONTRASTS = 7.0, 0.1, 6


def runs(
    rng: Rng, n: int, seeds: int, reaction: float, error: float, sd_seed: float
) -> tuple[FloatArray, FloatArray]:
    """Two methods that do not differ, each of shape (seeds, people)."""
    people = rng.normal(70, SD_PEOPLE, n)
    a, b = (
        people
        + rng.normal(0, reaction, n)
        + rng.normal(0, sd_seed, (seeds, 1))
        + rng.normal(0, error, (seeds, n))
        for _ in range(2)
    )
    return a, b


def seeds_p(rng: Rng, n: int, seeds: int, reaction: float, error: float) -> float:
    """The seeds' model; of one seed there is none."""
    return seed_model(*runs(rng, n, seeds, reaction, error, SD_SEED)).p if seeds > 1 else np.nan


def signed_rank_p(rng: Rng, n: int, seeds: int, reaction: float, error: float) -> float:
    """The test of these very nets: another seed would move everybody, which only the seeds' model counts."""
    a, b = runs(rng, n, seeds, reaction, error, 0.0)
    return float(signed_rank(a.mean(axis=0) - b.mean(axis=0)).p[0])


def anova_p(rng: Rng, n: int, seeds: int, reaction: float, error: float) -> float:
    """Six contrasts without a difference, to some of which people react more than to others."""
    unequal = np.linspace(0.5, 1.5, CONTRASTS)
    values = rng.normal(70, SD_PEOPLE, (n, 1)) + reaction * unequal * rng.normal(0, 1, (n, CONTRASTS))
    values = values + rng.normal(0, error, (seeds, n, CONTRASTS)).mean(axis=0)
    return repeated_anova(values).p_hf


def followed(
    rng: Rng, n: int, seeds: int, reaction: float, error: float, *, even: bool = True, rate: float = 0.0
) -> tuple[FloatArray, FloatArray, npt.NDArray[np.int64]]:
    """Areas, years and people of yearly visits; people's own rates have the SD ``reaction``.

    ``even``: three visits for all; else two to four, some weeks early or late, some missed.
    """
    times = [_visits(rng, even) for _ in range(n)]
    who = np.repeat(np.arange(n), [len(own) for own in times])
    years = np.concatenate(times)
    rates = rate + rng.normal(0, 1, n) * reaction
    values = rng.normal(70, SD_PEOPLE, n)[who] + rates[who] * years
    return values + rng.normal(0, error, (seeds, len(who))).mean(axis=0), years, who


def _visits(rng: Rng, even: bool) -> FloatArray:
    if even:
        return np.arange(3.0)
    kept = np.zeros(4, bool)
    while kept.sum() < 2:
        kept = rng.random(4) < 0.75
    return (np.arange(4) + rng.normal(0, 0.15, 4))[kept]


def change_p(rng: Rng, n: int, seeds: int, reaction: float, error: float) -> float:
    """Nobody's mean changes; everybody has the same visits."""
    return rate_of_change(*followed(rng, n, seeds, reaction, error)).p


def change_uneven_p(rng: Rng, n: int, seeds: int, reaction: float, error: float) -> float:
    """The same with uneven and missed visits."""
    return rate_of_change(*followed(rng, n, seeds, reaction, error, even=False)).p


Test = Callable[[Rng, int, int, float, float], float]
TESTS: Mapping[str, Test] = {
    "seeds' model": seeds_p, "signed-rank": signed_rank_p, "ANOVA, corrected": anova_p, "change": change_p,
}  # fmt: skip


def error_pct(test: Test, cell: tuple[int, int, float, float], repeats: int, seed: int = 0) -> float:
    """Percentage of repeats with p < 0.05; NaN where the test does not exist."""
    rng = np.random.default_rng([seed, *(int(10 * part) for part in cell)])
    p = np.array([test(rng, *cell) for _ in range(repeats)])
    return np.nan if np.isnan(p).all() else float(100 * (p < 0.05).mean())


def error_table(
    tests: Mapping[str, Test], repeats: int, again: int, seeds: tuple[int, ...] = SEEDS
) -> pd.DataFrame:
    rows = []
    for cell in product(PEOPLE, seeds, REACTIONS, ERRORS):
        row: dict[str, object] = dict(zip(("people", "seeds", "reaction SD", "error SD"), cell, strict=True))
        for name, test in tests.items():
            found, counted = error_pct(test, cell, repeats), repeats
            if is_outside(found, ERROR_BAR_PCT):
                found, counted = error_pct(test, cell, again * repeats, seed=1), again * repeats
            row[name] = found
            row[f"{name}, repeats"] = counted
        rows.append(row)
        print(
            "  ".join(f"{value:.4g}" if isinstance(value, float) else str(value) for value in row.values()),
            flush=True,
        )
    return pd.DataFrame(rows)


def is_outside(pct: float, bar: tuple[float, float]) -> bool:
    return bool(np.isfinite(pct) and not bar[0] <= pct <= bar[1])


Held = dict[str, bool]


def paired_intervals(rng: Rng, n: int) -> Held:
    """Typical and mean difference, skewed in neither direction; the seeds' model with three seeds each."""
    d = rng.normal(0.4, 1, n)
    typical, mean = typical_shift(d, float(signed_rank(d).critical[0])), mean_shift(d)
    a, b = runs(rng, n, 3, 0.5, 0.3, 0.3)
    fit = seed_model(a, b)
    return {
        "typical (Hodges-Lehmann) difference": typical.low <= 0.4 <= typical.high,
        "mean difference": mean.low <= 0.4 <= mean.high,
        "seeds' model": fit.ci_low <= 0 <= fit.ci_high,
    }


def repeat_intervals(rng: Rng, n: int) -> Held:
    """Within-person SD and coefficient of variation, limits of agreement, intraclass correlations."""
    people, sd, moved = rng.normal(70, SD_PEOPLE, (n, 1)), 1.5, rng.normal(0, 0.5, (1, 2))
    plain = people + rng.normal(0, sd, (n, 2))
    logs = np.exp(np.log(70) + rng.normal(0, 0.1, (n, 1)) + rng.normal(0, 0.02, (n, 2)))
    who = np.repeat(np.arange(n), 2)
    spread, of_logs = within_person(plain.ravel(), who), within_person(logs.ravel(), who)
    limits = bland_altman(0.3 + rng.normal(0, 1, n))
    agreement, consistency = icc_agreement(plain + moved), icc_consistency(plain + moved)
    true_agreement = SD_PEOPLE**2 / (SD_PEOPLE**2 + 0.5**2 + sd**2)
    true_consistency = SD_PEOPLE**2 / (SD_PEOPLE**2 + sd**2)
    cv_pct = 100 * np.sqrt(np.expm1(0.02**2))
    return {
        "within-person SD": spread.sd_low <= sd <= spread.sd_high,
        "coefficient of variation": bool(of_logs.cv_low_pct <= cv_pct <= of_logs.cv_high_pct),
        "Bland-Altman bias": limits.bias.ci_low <= 0.3 <= limits.bias.ci_high,
        "Bland-Altman lower limit": limits.lower.ci_low <= 0.3 - LIMIT_SDS <= limits.lower.ci_high,
        "Bland-Altman upper limit": limits.upper.ci_low <= 0.3 + LIMIT_SDS <= limits.upper.ci_high,
        "ICC(2,1)": agreement.ci_low <= true_agreement <= agreement.ci_high,
        "ICC(3,1)": consistency.ci_low <= true_consistency <= consistency.ci_high,
    }


def change_intervals(rng: Rng, n: int) -> Held:
    """Change in mm² and percent a year, with the same visits for all; and differences between people."""
    values, years, who = followed(rng, n, 1, 0.3, 0.5, rate=-0.4)
    plain = rate_of_change(values, years, who)
    noise = rng.normal(0, 0.01, len(who)) + (rng.normal(-0.005, 0.004, n)[who] * years)
    percent = rate_of_change(np.log(70) + noise, years, who)
    sessions = rng.integers(1, 4, n)
    owner = np.repeat(np.arange(n), sessions)
    of_age = rng.normal(0, 10, n)
    areas = 70 - 0.1 * of_age[owner] + rng.normal(0, 3, n)[owner] + rng.normal(0, 1.5, len(owner))
    age = level_differences(areas, owner, np.column_stack([np.ones(len(owner)), of_age[owner]]))[1]
    return {
        "change, mm² a year": plain.ci_low <= -0.4 <= plain.ci_high,
        "change, % a year": percent.ci_low <= -0.005 <= percent.ci_high,
        "level by age": age.ci_low <= -0.1 <= age.ci_high,
    }


def uneven_intervals(rng: Rng, n: int) -> Held:
    """Change with uneven and missed visits."""
    uneven = rate_of_change(*followed(rng, n, 1, 0.3, 0.5, even=False, rate=-0.4))
    return {"change, uneven visits": uneven.ci_low <= -0.4 <= uneven.ci_high}


INTERVALS: Mapping[str, Callable[[Rng, int], Held]] = {
    "pairs": paired_intervals, "repeats": repeat_intervals, "change": change_intervals,
    "uneven": uneven_intervals,
}  # fmt: skip


def coverage_of(part: str, people: int, repeats: int) -> dict[str, float]:
    """Percentage of repeats whose interval holds the truth, by interval."""
    rng = np.random.default_rng(people)
    held = pd.DataFrame([INTERVALS[part](rng, people) for _ in range(repeats)])
    return {str(name): 100 * float(share) for name, share in held.mean().items()}


def coverage_table(repeats: int, people: tuple[int, ...] = COVERED_PEOPLE) -> pd.DataFrame:
    """Percentage of repeats whose interval holds the truth: a row per interval, a column per n."""
    columns = {}
    for n in people:
        of = {name: pct for part in INTERVALS for name, pct in coverage_of(part, n, repeats).items()}
        columns[f"n = {n}"] = of
    return pd.DataFrame(columns)


def claims_table(repeats: int, people: tuple[int, ...] = (8, 12, 49)) -> pd.DataFrame:
    """How many claims are false, by the probability that was stated: true shifts of any size alike."""
    bins = np.array([0, 0.01, 0.05, 0.1, 0.2, 0.5])
    rows = []
    for n, seeds in product(people, (1, 3, 5)):
        rng = np.random.default_rng([n, seeds])
        stated, is_false = np.array(list(_claims(rng, n, seeds, repeats))).T
        for low, high in pairwise(bins):
            own = (stated >= low) & (stated < high)
            cell: dict[str, object] = {
                "people": n,
                "seeds": seeds,
                "stated": f"{100 * low:g} to {100 * high:g} %",
            }
            if own.any():
                cell |= {"stated_pct": 100 * stated[own].mean(), "false_pct": 100 * is_false[own].mean()}
            rows.append(cell | {"claims": int(own.sum())})
    return pd.DataFrame(rows)


def _claims(rng: Rng, n: int, seeds: int, repeats: int) -> Iterator[tuple[float, bool]]:
    sd_seed = 0.2 if seeds > 1 else 0.0
    for _ in range(repeats):
        true = rng.uniform(-3, 3)
        a, b = runs(rng, n, seeds, 0.5, 0.3, sd_seed)
        d = (a + true).mean(axis=0) - b.mean(axis=0)
        shift = typical_shift(d, float(signed_rank(d).critical[0]))
        spread = seed_model(a, b).sd_seed if seeds > 1 else np.nan
        stated = false_claim_probability(
            shift.estimate, shift.low, shift.high, n, sd_seed=spread, runs=(seeds, seeds)
        )
        yield stated, np.sign(shift.estimate) != np.sign(true)


def main(repeats: str = "1000", part: str = "all") -> None:
    pd.set_option("display.width", 160, "display.max_rows", 200, "display.max_columns", 20)
    count, started = int(repeats), time.perf_counter()
    if part in ("all", "errors"):
        _judge(error_table(TESTS, count, 10))
    if part in ("all", "visits"):
        _judge(error_table({"change, uneven visits": change_uneven_p}, count, 3, seeds=(1,)))
    if part in ("all", "coverage"):
        table = coverage_table(count)
        print(table.round(1).to_string())
        outside = int(((table < COVERAGE_BAR_PCT[0]) | (table > COVERAGE_BAR_PCT[1])).to_numpy().sum())
        print(f"{outside} of {table.size} outside {COVERAGE_BAR_PCT[0]:g} to {COVERAGE_BAR_PCT[1]:g} %")
    if part in ("all", "claims"):
        print(claims_table(3 * count).round(1).to_string(index=False))
    print(f"{time.perf_counter() - started:.0f} s")


def _judge(table: pd.DataFrame) -> None:
    for name in (column for column in table.columns if f"{column}, repeats" in table):
        outside = table[[is_outside(value, ERROR_BAR_PCT) for value in table[name]]]
        low, high = table[name].min(), table[name].max()
        print(f"{name}: {low:.1f} to {high:.1f} %, {len(outside)} of {table[name].count()} cells outside")
        if len(outside):
            print(
                outside[["people", "seeds", "reaction SD", "error SD", name, f"{name}, repeats"]].to_string()
            )


if __name__ == "__main__":
    main(*sys.argv[1:])
