"""Difference between two methods with the seed as a random factor."""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import t

from softcord.stats.frames import cells


@dataclass(frozen=True)
class SeedModel:
    """Result of :func:`seed_model`, in the metric's unit.

    ``effect`` is method a minus method b, ``sd_seed`` the estimated SD between seeds of one method,
    ``df`` the degrees of freedom between runs.
    """

    n: int
    runs: int
    effect: float
    ci_low: float
    ci_high: float
    statistic: float
    df: int
    p: float
    sd_seed: float


def seed_model(rows: pd.DataFrame, a: str, b: str) -> SeedModel:
    """Fit value ~ method + participant with a random intercept per run (restricted maximum likelihood).

    Participants are blocks; a run (one seed of one method) is the random factor, so a difference no larger
    than what another seed gives is not called one. Tested with t on runs - 2 degrees of freedom, because
    methods vary between runs only.

    Args:
        rows: tidy rows of one metric at one level.
        a: first method.
        b: second method.

    Raises:
        ValueError: a method has fewer than two runs, or fewer than two complete participants are left.
    """
    table = _complete(rows[rows["method"].isin([a, b])])
    runs = table.groupby("method", observed=True)["run"].nunique()
    participants = table["participant_id"].nunique()
    if runs.get(a, 0) < 2 or runs.get(b, 0) < 2:
        raise ValueError(f"{a}, {b}: both methods need at least two seeds")
    if participants < 2:
        raise ValueError(f"{a}, {b}: fewer than two participants are complete in every run")
    fit = _fit(table, a)
    effect, error = float(fit.fe_params[0]), float(fit.bse_fe[0])
    df = int(runs.sum()) - 2
    half = float(t.ppf(0.975, df)) * error
    return SeedModel(
        n=participants,
        runs=int(runs.sum()),
        effect=effect,
        ci_low=effect - half,
        ci_high=effect + half,
        statistic=effect / error,
        df=df,
        p=float(2 * t.sf(abs(effect / error), df)),
        sd_seed=float(np.sqrt(fit.cov_re[0, 0])),
    )


def _complete(rows: pd.DataFrame) -> pd.DataFrame:
    per_image = cells(rows, ["participant_id", "method", "run", "contrast"])
    wide = per_image.unstack(["method", "run", "contrast"])
    complete = wide.dropna(axis=0).T.groupby(level=["method", "run"], observed=True).mean()
    return complete.reset_index().melt(["method", "run"], var_name="participant_id")


def _fit(table: pd.DataFrame, a: str) -> Any:
    from statsmodels.regression.mixed_linear_model import MixedLM

    blocks = pd.get_dummies(table["participant_id"].astype(str), dtype=float).to_numpy()
    design = np.column_stack([(table["method"] == a).to_numpy(dtype=float), blocks])
    with warnings.catch_warnings():
        # No spread between seeds is a valid answer (variance 0), which the optimiser warns about.
        warnings.simplefilter("ignore")
        model = MixedLM(table["value"].to_numpy(), design, groups=table["run"].to_numpy())
        return model.fit(reml=True, method=["lbfgs", "powell"])
