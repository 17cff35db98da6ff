"""Hold a person's measures against the normative tables beside this file.

The tables come from PAM50-normalized-metrics (MIT licence, `LICENSE.txt` beside this file; Valošek, Bédard et
al. 2024, Imaging Neuroscience 2, doi 10.1162/imag_a_00075); `benchmarks/build_norms.py` makes them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import norm

SETS = ("t1w", "t2w")
# A metric of the normative tables, and how softcord's metrics and these values are named.
MEASURES = {"area_mm2": "csa", "diameter_ap_mm": "diameter_ap", "diameter_rl_mm": "diameter_rl"}


@dataclass(frozen=True)
class Person:
    """Whose cord it is: ``sex`` F or M, ``age_years``."""

    sex: str
    age_years: float


@dataclass(frozen=True)
class Normed:
    """A value among healthy people: ``z`` in standard deviations of the logarithm, ``centile`` 0..100."""

    z: float
    centile: float


@cache
def norm_table(name: str) -> pd.DataFrame:
    """Return a set: a row per metric, level, sex and age with median, sd_log and the people it rests on.

    Raises:
        ValueError: there is no such set.
    """
    if name not in SETS:
        raise ValueError(f"norm: must be one of {', '.join(SETS)}, got {name!r}")
    return pd.read_csv(Path(__file__).with_name(f"{name}.csv"))


def norm_of(name: str, person: Person, level: int, metric: str, value: float) -> Normed | None:
    """Return where a value lies, or None: no such level, or an age outside the set. No curve is prolonged.

    Args:
        name: of the set.
        person: sex and age.
        level: vertebral level, 2 for C2.
        metric: one of MEASURES.
        value: in the metric's unit.
    """
    curve = norm_curve(name, person.sex, level, metric)
    ages = curve["age"]
    if curve.empty or not ages.min() <= person.age_years <= ages.max() or not value > 0:
        return None
    median, sd_log = (float(np.interp(person.age_years, ages, curve[one])) for one in ("median", "sd_log"))
    z = float(np.log(value / median) / sd_log)
    return Normed(z, 100 * float(norm.cdf(z)))


def norm_curve(name: str, sex: str, level: int, metric: str) -> pd.DataFrame:
    """Return a curve in age: the rows of one metric, level and sex; none if the set has no such level."""
    table = norm_table(name)
    chosen = (table["metric"] == metric) & (table["level"] == level) & (table["sex"] == sex)
    return table[chosen].reset_index(drop=True)


def norm_rows(groups: Iterable[Mapping[str, object]], name: str, person: Person) -> list[dict[str, object]]:
    """Return, for groups of one level each, level, metric and value of each z-score and centile.

    Groups that span levels or of which the set has no curve, at this age, have none.
    """
    rows: list[dict[str, object]] = []
    for group in groups:
        level = str(group["level"])
        for metric, short in MEASURES.items() if level.isdigit() else ():
            found = norm_of(name, person, int(level), metric, float(str(group[metric])))
            if found is not None:
                rows.append({"level": level, "metric": f"{short}_norm_z", "value": found.z})
                rows.append({"level": level, "metric": f"{short}_norm_centile", "value": found.centile})
    return rows
