"""Any metric by any column of participants.tsv: vendor, sex, site."""

import pandas as pd

from softcord.errors import UsageError
from softcord.stats.frames import PAPER_LEVEL
from softcord.stats.measured import measured
from softcord.stats.wide import by_method


def breakdown(
    measures: pd.DataFrame, participants: pd.DataFrame, column: str, metric: str, level: str = PAPER_LEVEL
) -> pd.DataFrame:
    """Mean ± SD (ddof 1) of a metric over participants, per method and group.

    Args:
        measures: tidy measures.
        participants: participants.tsv, with ``participant_id`` and ``column``.
        column: what to group by; participants without a value form the group ``n/a``.
        metric: metric name.
        level: vertebral level.

    Returns:
        Columns method, group, metric, n, mean, sd.

    Raises:
        UsageError: ``participants`` has no such column.
        DataError: nobody measured the metric.
    """
    if column not in participants.columns:
        columns = ", ".join(str(name) for name in participants.columns if name != "participant_id")
        raise UsageError("participants.tsv", f"has no column {column!r}", f"It has: {columns}")
    known = participants.drop_duplicates("participant_id").dropna(subset=[column])
    group_of = dict(zip(known["participant_id"].astype(str), known[column].astype(str), strict=True))
    wide = by_method(measured(measures, metric, level))
    groups = [group_of.get(str(participant), "n/a") for participant in wide.index]
    long = wide.assign(group=groups).melt("group", var_name="method", value_name="value")
    moments = long.groupby(["method", "group"], observed=True)["value"].agg(["count", "mean", "std"])
    moments = moments.rename(columns={"count": "n", "std": "sd"}).reset_index()
    return moments.assign(metric=metric)[["method", "group", "metric", "n", "mean", "sd"]]
