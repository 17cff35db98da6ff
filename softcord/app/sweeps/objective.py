"""The number that a search optimises, from the measures of a run."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from softcord.app.config.instantiate import suggest
from softcord.errors import DataError, UsageError
from softcord.measure.level_text import format_levels
from softcord.measure.metrics import CSA_STD, METRICS
from softcord.stats.describe import describe
from softcord.stats.missed import missed_cords

if TYPE_CHECKING:
    import pandas as pd

    from softcord.app.config.plan import Plan
    from softcord.sweep.search_settings import Direction


def directions(metrics: tuple[str, ...]) -> "Mapping[str, Direction]":
    """Return which way each objective improves.

    Raises:
        UsageError: a metric that does not exist or has no better direction.
    """
    known = {name: metric for name, metric in METRICS.items() if metric.better != "none"}
    for name in metrics:
        if name not in known:
            what = f"{name!r} is not a metric with a better direction"
            raise UsageError("search.objective", what, suggest(name, list(known)))
    return {name: "minimize" if known[name].better == "lower" else "maximize" for name in metrics}


def objective(plan: "Plan", measures: "pd.DataFrame") -> tuple[float, ...]:
    """Return the mean of each objective over the measured participants.

    Each participant's mean over contrasts comes first, as in every table. A spread over contrasts
    is infinite where a cord was missed, as finding nothing would otherwise be perfect; the error of its area
    is then the whole area, so that a search knows how far it is from finding it.

    Raises:
        DataError: a metric that could not be measured.
    """
    own = measures[measures["method"] == plan.method]
    level = format_levels(plan.levels)
    # By themselves, the errors of missed cords are not known as such, and stay.
    objectives = own[own["metric"].isin(plan.search.metrics)]
    found = describe(objectives, plan.search.metrics, level).set_index("metric")["mean"].to_dict()
    missed = missed_cords(own, level)
    values = []
    for name in plan.search.metrics:
        value = found.get(name, float("nan"))
        if name in CSA_STD and len(missed):  # a net that finds no cord anywhere has no spread at all
            value = float("inf")
        if math.isnan(value):
            hint = "Choose another search.objective, or another split"
            raise DataError("search.objective", f"{name} could not be measured at level {level}", hint)
        values.append(float(value))
    return tuple(values)
