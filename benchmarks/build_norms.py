"""Build the tables of `softcord measure -norm` from a public database, and test them on people left out.

python benchmarks/build_norms.py people.csv.gz

The database: PAM50-normalized-metrics (MIT; Valošek, Bédard et al. 2024, doi 10.1162/imag_a_00075), a row
per session and level. For each contrast, sex and level a spline gives the mean in age and another the spread
(statsmodels; sessions of one person share one weight). Coverage is that of people left out, in ten parts.
"""

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.formula.api as smf
from scipy.stats import norm

OUT = Path(__file__).parents[1] / "softcord" / "measure" / "norms"
SETS = {"t1w": "T1w", "t2w": "T2w"}
METRICS = ("area_mm2", "diameter_ap_mm", "diameter_rl_mm")
HEALTHY = ("HC", "CN")
STEP_YEARS = 2
NEAR_YEARS, FEWEST_NEAR, FEWEST = 5, 12, 60
WHOLE = 0.8  # share of a level's slices that must be there: the mean of half a level is another number
FOLDS = 10
LARGE = 200  # people; of fewer a straight line in age and one spread is all that can be told


def read_people(path):
    """Return healthy people's cords at levels that are covered, with a weight of one per person."""
    people = pd.read_csv(path, na_values="n/a", dtype={"session_id": str})
    people = people[(people["structure"] == "cord") & people["pathology"].isin(HEALTHY)]
    people = people.dropna(subset=["age", "sex", *METRICS])
    people = people[people["slices"] >= WHOLE * people.groupby("level")["slices"].transform("max")]
    people = people.assign(person=people["dataset"] + people["participant_id"])
    sessions = people.groupby(["contrast", "level", "person"])["age"].transform("count")
    return people.assign(weight=1 / sessions)


def fit(cell, metric):
    """Return functions of age: mean and SD of a metric's logarithm (areas are a little skewed)."""
    cell = cell.assign(y=np.log(cell[metric]))
    is_large = cell["person"].nunique() >= LARGE
    mean = smf.wls("y ~ cr(age, df=4) - 1" if is_large else "y ~ age", cell, weights=cell["weight"]).fit()
    if not is_large:
        n = cell["weight"].sum()
        sd = np.sqrt((cell["weight"] * mean.resid**2).sum() / (n - 2))
        return mean.predict, lambda at: np.full(len(at), sd)
    # E|residual| of a normal distribution is its SD times sqrt(2 / pi)
    cell = cell.assign(off=np.abs(mean.resid) * np.sqrt(np.pi / 2))
    spread = smf.wls("off ~ cr(age, df=3) - 1", cell, weights=cell["weight"]).fit()
    smallest = 0.5 * np.average(cell["off"], weights=cell["weight"])
    return mean.predict, lambda at: np.maximum(spread.predict(at), smallest)


def ages_of(cell):
    """Return the ages, in steps, around which there are enough people."""
    persons = cell.drop_duplicates("person")
    steps = np.arange(0, 100, STEP_YEARS)
    near = [(np.abs(persons["age"] - age) <= NEAR_YEARS).sum() for age in steps]
    inside = (steps >= cell["age"].min()) & (steps <= cell["age"].max())
    good = steps[inside & (np.array(near) >= FEWEST_NEAR)]
    # one stretch without gaps, the longest
    return max(np.split(good, np.flatnonzero(np.diff(good) > STEP_YEARS) + 1), key=len)


def coverage(cell, metric, ages):
    """Return the share (%) of people left out who lie below the 5th and 95th centile, and their number."""
    persons = cell["person"].unique()
    fold = dict(zip(persons, np.random.default_rng(0).permutation(len(persons)) % FOLDS, strict=True))
    fold = cell["person"].map(fold)
    z = pd.Series(np.nan, cell.index)
    for k in range(FOLDS):
        mean, sd = fit(cell[fold != k], metric)
        out = cell[fold == k]
        z[out.index] = (np.log(out[metric]) - mean(out)) / sd(out)
    inside = cell["age"].between(ages[0], ages[-1])
    z, weight = z[inside], cell["weight"][inside]
    return [100 * np.average(z < norm.ppf(p), weights=weight) for p in (0.05, 0.95)], weight.sum()


def build(people, contrast):
    """Return the table of one set and the coverage of its cells."""
    rows, tested = [], []
    for (level, sex), cell in people[people["contrast"] == contrast].groupby(["level", "sex"]):
        if cell["person"].nunique() < FEWEST:
            continue
        ages = ages_of(cell)
        at = pd.DataFrame({"age": ages})
        for metric in METRICS:
            mean, sd = fit(cell, metric)
            values = zip(ages, mean(at), sd(at), strict=True)
            n = cell["person"].nunique()
            rows += [(metric, level, sex, age, f"{np.exp(m):.3f}", f"{s:.4f}", n) for age, m, s in values]
            (low, high), n = coverage(cell, metric, ages)
            tested.append((contrast, metric, level, sex, ages[0], ages[-1], n, low, high))
    return rows, tested


def main():
    people = read_people(sys.argv[1])
    every = []
    for name, contrast in SETS.items():
        rows, tested = build(people, contrast)
        table = pd.DataFrame(rows, columns=["metric", "level", "sex", "age", "median", "sd_log", "people"])
        table.to_csv(OUT / f"{name}.csv", index=False, lineterminator="\n")
        every += tested
    names = ["contrast", "metric", "level", "sex", "from", "to", "people", "below5", "below95"]
    found = pd.DataFrame(every, columns=names)
    print(found.round(1).to_string(index=False))
    shares = found[["below5", "below95"]].mul(found["people"], axis=0).assign(people=found["people"])
    pooled = shares.groupby([found["contrast"], found["metric"]]).sum()
    print(pooled.div(pooled["people"], axis=0).round(2))


if __name__ == "__main__":
    main()
