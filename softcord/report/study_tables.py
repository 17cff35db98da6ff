"""The tables of a study: summary, per contrast, pooled images, power, seeds, breakdowns, dropped."""

from collections.abc import Mapping

import pandas as pd

from softcord.contrasts import CONTRASTS, contrast_label
from softcord.errors import DataError
from softcord.measure.metrics import CSA_ERROR, CSA_STD
from softcord.report.missing_methods import with_missing
from softcord.report.order import method_order
from softcord.report.settings import OVERLAP_METRICS, StudySettings
from softcord.report.summary import summary_table
from softcord.report.tables import contrast_table, method_table
from softcord.stats.breakdown import breakdown
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.expected import check_claims
from softcord.stats.frames import is_measured, tested_methods
from softcord.stats.measured import measured
from softcord.stats.missed import NEEDS_A_CORD
from softcord.stats.power import power_table
from softcord.stats.seeds import seed_spread
from softcord.stats.unseen import unseen_contrasts

BREAKDOWN_METRICS = ("csa_mm2", "csa_abs_error_mm2", "csa_std_mm2", "dice")
# A table by contrast for more methods than this is in the CSV of all methods only.
CONTRAST_TABLES_UP_TO = 12
_SPREADS = {
    "sd_participant": "SD of people",
    "sd_reaction": "SD of people reacting differently",
    "sd_seed": "SD of seeds",
    "sd_error": "SD of the rest",
}


def make_tables(
    measures: pd.DataFrame,
    detailed: pd.DataFrame,
    settings: StudySettings,
    participants: pd.DataFrame | None,
    absent: Mapping[str, str],
    main: str | None = None,
) -> dict[str, pd.DataFrame]:
    """Return the tables of a study by file name.

    ``absent`` says what was not run, and why; the summary is sorted by the metric ``main``.
    """
    level = settings.level
    tables = {"summary": with_missing(summary_table(measures, level, main), absent)}
    if settings.claims:
        tables["paper_and_here"] = check_claims(
            settings.claims, measures, detailed, level, same_data=settings.same_data, absent=absent
        )
    metrics = [*OVERLAP_METRICS, *NEEDS_A_CORD, *CSA_STD]
    tables["methods"] = with_missing(method_table(describe(measures, metrics, level), metrics), absent)
    of_images = [*OVERLAP_METRICS, *CSA_ERROR]
    pooled = describe(measures, of_images, level, "pooled")
    tables["images_pooled"] = with_missing(method_table(pooled, of_images), absent)
    tables |= _contrast_tables(measures, level)
    tables |= _variability(measures, detailed, level)
    for column in settings.breakdown:
        tables[f"by_{column}"] = _breakdown(measures, participants, column, settings)
        if column == "dataset":
            tables["by_dataset_and_contrast"] = _by_contrast(measures, participants, column, settings)
    tables["tests"] = detailed.drop(columns=["note", "correction", "test"])
    tables["dropped"] = dropped_table(detailed)
    return tables


def dropped_table(detailed: pd.DataFrame) -> pd.DataFrame:
    """Say whom each comparison left out, and why: used and left out add up to who is in the data."""
    rows = detailed[(detailed["dropped"] > 0) & (detailed["dropped_names"] != "")]
    named = rows[["question", "a", "b", "n", "dropped", "participants", "dropped_names", "dropped_why"]]
    named = named.assign(**{side: named[side].map(contrast_label) for side in ("a", "b")})
    words = {"participants": "in the data", "dropped_names": "dropped participants", "dropped_why": "why"}
    return named.rename(columns=words).reset_index(drop=True)


def _contrast_tables(measures: pd.DataFrame, level: str) -> dict[str, pd.DataFrame]:
    metrics = (*OVERLAP_METRICS, *NEEDS_A_CORD)
    described = describe_contrasts(measures, metrics, level)
    methods = method_order(described["method"].unique())
    shown = methods[-CONTRAST_TABLES_UP_TO:]
    unseen = unseen_contrasts(measures)
    return {
        f"contrasts_{name}": contrast_table(described, name, metrics, unseen.get(name, ())) for name in shown
    }


def _variability(measures: pd.DataFrame, detailed: pd.DataFrame, level: str) -> dict[str, pd.DataFrame]:
    tables = {}
    if is_measured(measures, "csa_mm2", level):
        methods = tested_methods(method_order(measures["method"].unique()))
        tables["power"] = power_table(measures, methods, level=level)
    spreads = []
    for metric in detailed["metric"].unique():
        if not is_measured(measures, metric, level):
            continue
        spread = seed_spread(measured(measures, metric, level))
        trained = spread["method"].isin(tested_methods(list(spread["method"])))
        spreads.append(spread[trained & (spread["seeds"] > 1)].assign(metric=metric))
    seeds = pd.concat(spreads, ignore_index=True) if spreads else pd.DataFrame()
    parts = detailed[detailed["test"] == "seed model"]
    shares = parts[["question", "metric", "a", "b", "n", *_SPREADS]].rename(columns=_SPREADS)
    named = {"seeds": seeds, "spread_of_people_and_seeds": shares}
    return tables | {name: table.reset_index(drop=True) for name, table in named.items() if len(table)}


def _breakdown(
    measures: pd.DataFrame, participants: pd.DataFrame | None, column: str, settings: StudySettings
) -> pd.DataFrame:
    if participants is None:
        raise DataError("participants.tsv", "is not there", f"A breakdown by {column} needs it")
    asked = (question.metric for question in settings.questions)
    parts = [
        breakdown(measures, participants, column, metric, settings.level)
        for metric in dict.fromkeys((*BREAKDOWN_METRICS, *asked))
        if is_measured(measures, metric, settings.level)
    ]
    return pd.concat(parts, ignore_index=True)


def _by_contrast(
    measures: pd.DataFrame, participants: pd.DataFrame | None, column: str, settings: StudySettings
) -> pd.DataFrame:
    parts = []
    for contrast in (name for name in CONTRASTS if (measures["contrast"] == name).any()):
        part = _breakdown(measures[measures["contrast"] == contrast], participants, column, settings)
        part.insert(2, "contrast", contrast)
        parts.append(part)
    return pd.concat(parts, ignore_index=True)
