"""Random and nasty data sets: ties, zeros, outliers, constants, huge and tiny scales, holes, few people."""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.stats import rankdata

from softcord.stats.claims import PaperOrder
from softcord.stats.compare import compare_in_detail
from softcord.stats.expected import check_claims
from softcord.stats.questions import Question
from softcord.stats.sentence import sentences

METRIC = "csa_std_mm2"
ASKED = Question("q", METRIC)
TESTED_METRICS = (METRIC, "dice", "rve_pct")


def nasty_measures(rng: np.random.Generator) -> pd.DataFrame:
    """Return tidy measures of methods a and b on 1 to 60 people, one value each and seed."""
    n, seeds = int(rng.integers(1, 61)), int(rng.choice([1, 1, 2, 3]))
    metric = str(rng.choice(TESTED_METRICS))
    person, scale = rng.normal(5, 2, n), float(rng.choice([1e-6, 1, 1, 1e6]))
    digits, lost = int(rng.choice([0, 1, 3, 12])), float(rng.choice([0, 0, 0.2]))
    rows = []
    for method in "ab":
        shape = rng.integers(0, 7)
        for seed in range(seeds):
            values = person + _effect(rng, int(shape), n) + rng.normal(0, float(rng.choice([0, 0.1, 1])), n)
            values = np.round(values, digits) * scale
            values[rng.random(n) < lost] = np.nan
            rows += [
                (f"{method}{seed}", method, str(seed), f"sub-{i:02d}", "n/a", "all", "2:3", metric, value, "")
                for i, value in enumerate(values)
                if rng.random() > 0.02
            ]
    columns = [
        "run",
        "method",
        "seed",
        "participant_id",
        "session_id",
        "contrast",
        "level",
        "metric",
        "value",
    ]
    return pd.DataFrame(rows, columns=[*columns, "unit"])


def _effect(rng: np.random.Generator, shape: int, n: int) -> npt.NDArray[np.float64]:
    if shape == 0:
        return np.zeros(n)
    if shape == 1:  # slightly better mostly, and fails in some
        return np.where(rng.random(n) < 0.45, rng.uniform(1, 5, n), -rng.uniform(0.01, 0.05, n))
    if shape == 2:
        return np.where(rng.random(n) < 0.5, 0.0, -rng.uniform(0, 1, n))
    if shape == 3:
        return np.full(n, float(rng.choice([-0.3, 0.3])))
    if shape == 4:
        return rng.standard_cauchy(n)
    return rng.normal(float(rng.choice([-0.5, 0, 0.5])), 1, n)


def contradictions(measures: pd.DataFrame) -> list[str]:
    """Return what a study's rows, sentences and claims say against each other."""
    if measures["method"].nunique() < 2 or measures["value"].isna().all():
        return []
    metric = str(measures["metric"].iloc[0])
    table = compare_in_detail(measures, [Question("q", metric)], allow_different=True)
    spoken = sentences(table)
    found = [f"NaN: {s}" for s in spoken if "nan" in s.lower() or "inf " in s.lower()]
    row = table.iloc[0]
    said = spoken[0]
    by_run = {
        name: own.pivot(index="participant_id", columns="run", values="value").mean(axis=1, skipna=False)
        for name, own in measures.groupby("method")
    }
    wide = pd.DataFrame(by_run)
    d = (wide["a"] - wide["b"]).dropna().to_numpy()
    largest = float(np.nanmax(np.abs(wide.to_numpy()))) if len(d) else 0.0
    d = d[np.abs(d) > largest * 1e-9]
    ranks = rankdata(np.abs(d)) if len(d) else np.zeros(0)
    lean = float(ranks[d > 0].sum() - ranks[d < 0].sum())
    words = {" was lower with a ": -1, " was higher with a ": 1}
    for text, sign in words.items():
        if text in said and not lean * sign > 0:
            found.append(f"direction: {said} ({lean})")
    significant = row["p_adjusted"] < 0.05
    if significant != any(text in said for text in words):
        found.append(f"significance: {said}")
    excludes_zero = row["ci_low"] > 0 or row["ci_high"] < 0
    touches_zero = 0.0 in (row["ci_low"], row["ci_high"])
    if np.isfinite(row["ci_low"]) and not touches_zero and excludes_zero != (row["p"] < 0.05):
        found.append(f"interval: {row['ci_low']} {row['ci_high']} {row['p']}")
    claims = [PaperOrder("x", metric, "a", "b"), PaperOrder("x", metric, "b", "a")]
    agrees = check_claims(claims, measures, table)["agrees"].tolist()
    wanted = ["yes", "no"] if lean < 0 else ["no", "yes"]
    if significant and agrees != wanted:
        found.append(f"claims: {agrees} where {said}")
    if not significant and "yes" in agrees:
        found.append(f"claims: {agrees} where {said}")
    if row["n"] + row["dropped"] != measures["participant_id"].nunique():
        found.append("accounts do not close")
    return found
