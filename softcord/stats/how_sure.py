"""How sure are the rankings of a study's methods: a table and a sentence per question."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

from softcord.hints import and_more
from softcord.measure.metrics import METRICS
from softcord.stats.evidence import Evidence
from softcord.stats.frames import tested_methods
from softcord.stats.grid import means_by_run
from softcord.stats.kinds.chosen import chosen_methods, measured_for
from softcord.stats.questions import Question
from softcord.stats.ranking import Ranking, ranking
from softcord.stats.words import noun

# Between two methods the ranking is the test; of more than so many, nobody reads one.
RANKED_FROM, RANKED_UP_TO = 3, 30
SAID_UP_TO = 10
COLUMNS = (
    "question", "metric", "method", "seeds", "n", "left_out", "mean", "rank", "rank_low", "rank_high",
    "first_pct", "tau", "tau_reached",
)  # fmt: skip


def ranking_table(measures: pd.DataFrame, questions: Sequence[Question]) -> pd.DataFrame:
    """Rank the methods of each question between three and thirty of them, by participants.

    ``n`` participants have a value of every method, ``left_out`` do not; see
    :func:`softcord.stats.ranking.ranking` for the other columns.
    """
    tables = []
    for question in questions:
        found = _ranking(measures, question)
        if found is not None:
            result, left_out = found
            table = result.table.assign(question=question.name, metric=question.metric, left_out=left_out)
            tables.append(table.assign(n=result.n, tau=result.tau, tau_reached=result.tau_reached))
    return (
        pd.concat(tables, ignore_index=True)[list(COLUMNS)] if tables else pd.DataFrame(columns=list(COLUMNS))
    )


def _ranking(measures: pd.DataFrame, question: Question) -> tuple[Ranking, int] | None:
    better = METRICS[question.metric].better if question.metric in METRICS else "none"
    if question.kind != "methods" or question.unit_of_analysis != "participant" or better == "none":
        return None
    known = question.methods or tested_methods([str(name) for name in measures["method"].unique()])
    if not RANKED_FROM <= len(known) <= RANKED_UP_TO:  # before anything is laid out, which takes its time
        return None
    found = measured_for(Evidence(measures), question)
    names = chosen_methods(found.names(), question)
    if len(names) < RANKED_FROM:
        return None
    of = [
        set(question.contrasts or found.contrasts_of(name)) & set(found.contrasts_of(name)) for name in names
    ]
    shared = tuple(sorted(set.intersection(*of)))
    if not shared:
        return None
    measured = {name: means_by_run(found.over(shared), name) for name in names}
    # A method without any value, which found no cord, has no rank; it must not take the others' from them.
    ranked = {name: values for name, values in measured.items() if np.isfinite(values).any()}
    if len(ranked) < RANKED_FROM:
        return None
    values = _complete(ranked)
    names = list(ranked)
    n = values[names[0]].shape[1]
    if n < 2:
        return None
    return ranking(values, "higher" if better == "higher" else "lower"), len(found.base.people) - n


def _complete(runs: Mapping[str, npt.NDArray[np.float64]]) -> dict[str, npt.NDArray[np.float64]]:
    complete = np.all([np.isfinite(values).all(axis=0) for values in runs.values()], axis=0)
    return {name: values[:, complete] for name, values in runs.items()}


def ranking_said(table: pd.DataFrame | None, question: str) -> Iterator[str]:
    """Say a question's ranking in a sentence: how often each method comes first, how far ranks move."""
    own = table[table["question"] == question] if table is not None else pd.DataFrame()
    if own.empty:
        return
    parts = []
    for row in own.head(SAID_UP_TO).to_dict("records"):
        low, high = float(row["rank_low"]), float(row["rank_high"])
        moves = f"rank {low:g}" if low == high else f"ranks {low:g} to {high:g}"
        parts.append(f"{row['method']} ({moves}, first in {float(row['first_pct']):.0f}%)")
    more = and_more(len(own) - SAID_UP_TO)
    first = own.iloc[0]
    caveat = (
        "; of methods with one seed, what another would give is not in it"
        if (own["seeds"] == 1).any()
        else ""
    )
    people = f"n = {first['n']}, {first['left_out']} left out"
    tau = f"{first['tau']:.2f} on average, and {first['tau_reached']:.2f} or more in 95%"
    yield (
        f"Ranked by mean {noun(first['metric'])}, best first, with the ranks of 95% of bootstrap resamples "
        f"({people}): {', '.join(parts)}{more}. "
        f"Kendall's tau of resampled with measured ranking is {tau}{caveat}."
    )
