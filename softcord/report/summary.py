"""The one table that says it all: what `train` prints last and the report shows first."""

from collections.abc import Iterable, Mapping, Sequence
from math import isnan

import pandas as pd

from softcord.contrasts import contrast_label
from softcord.io.tables import MISSING
from softcord.measure.metrics import METRICS
from softcord.plain import plain
from softcord.report.order import contrast_order, method_order
from softcord.stats.describe import describe
from softcord.stats.frames import PAPER_LEVEL, is_ground_truth, tested_methods
from softcord.stats.missed import failures
from softcord.stats.unseen import unseen_contrasts

# Soft and binarised side by side, everywhere.
# The CSA's first: what the methods are for, and what fits a narrow page.
SUMMARY_HEADINGS = {
    "csa_std_mm2": "CSA STD, soft (mm²)",
    "csa_bin_std_mm2": "CSA STD, bin (mm²)",
    "csa_abs_error_mm2": "CSA |error|, soft (mm²)",
    "csa_bin_abs_error_mm2": "CSA |error|, bin (mm²)",
    "dice": "Dice",
    "dice_soft": "soft Dice",
    "rve_pct": "RVE (%)",
    "rve_soft_pct": "soft RVE (%)",
}
UNSEEN_HEADING = "tested, not trained on"
FAILED_HEADING = "images without a cord"
ARROWS = {"higher": " ↑", "lower": " ↓", "none": ""}


def summary_heading(metric: str) -> str:
    """Heading of a metric's column: its short name, unit and an arrow towards better."""
    return f"{SUMMARY_HEADINGS[metric]}{ARROWS[METRICS[metric].better]}"


def summary_table(
    measures: pd.DataFrame, level: str = PAPER_LEVEL, metric: str | None = None
) -> pd.DataFrame:
    """Summarise tidy measures: a row per method, mean ± SD over participants as text.

    The ground truth comes first, then the methods, the best mean of ``metric`` (None: the first column that
    is there) first. Behind those that have all participants come those that lack some, since what failed is
    in no mean, and last those that found no cord anywhere.

    Each participant's mean over contrasts comes first, then mean and SD over participants. CSA STD is the
    spread of CSA over contrasts. Metrics that nobody measured have no column. A method that lacks an image of
    every participant has a row without numbers. Where a method found no cord, no CSA is averaged, and a
    column counts those images.
    """
    described = describe(measures, list(SUMMARY_HEADINGS), level)
    headings = {name: summary_heading(name) for name in SUMMARY_HEADINGS}
    methods = {*described["method"], *tested_methods(measures["method"].unique().tolist())}
    failed = failures(measures, level).set_index("method")
    known = [metric, *SUMMARY_HEADINGS] if metric in SUMMARY_HEADINGS else [*SUMMARY_HEADINGS]
    main = next((name for name in known if (described["metric"] == name).any()), known[0])
    order = _failing_last(best_first(method_order(sorted(methods)), described, main), failed)
    table = lay_out(described, headings, "method", order)
    return _with_failures(_with_unseen(_with_contrasts(table, measures), measures), failed)


def _with_contrasts(table: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Name the contrasts of each method where not all were tested on the same: means over others differ."""
    known = measures[~is_ground_truth(measures) & ~measures["contrast"].isin(["all", "n/a"])]
    pairs = known[["method", "contrast"]].drop_duplicates().astype(str)
    tested = {str(name): contrast_order(own["contrast"]) for name, own in pairs.groupby("method")}
    if len({tuple(names) for names in tested.values()}) < 2:
        return table
    words = [", ".join(contrast_label(key) for key in tested.get(name, [])) for name in table["method"]]
    return table.assign(contrasts=words)


def _with_unseen(table: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Name the contrasts that methods were tested on but not trained on: the means are over these, too."""
    unseen = unseen_contrasts(measures)
    if not unseen:
        return table
    ordered = (contrast_order(unseen.get(name, ())) for name in table["method"])
    words = [", ".join(map(contrast_label, names)) for names in ordered]
    return table.assign(**{UNSEEN_HEADING: words})


def best_first(methods: Sequence[str], described: pd.DataFrame, metric: str) -> list[str]:
    """Order methods by the mean of a metric, the ground truth first; who lacks people is behind who has all.

    ``described``: :func:`softcord.stats.describe.describe`. Without a better direction the order stays.
    """
    own = described[described["metric"] == metric].set_index("method")
    sign = {"lower": 1.0, "higher": -1.0, "none": 0.0}[METRICS[metric].better]
    most = own["n"][tested_methods(list(own.index))].max() if len(own) else 0

    def place(name: str) -> tuple[bool, bool, float]:
        if name not in own.index:
            return name in tested, True, 0.0
        lacks = name in tested and bool(own["n"][name] < most)
        return name in tested, lacks, sign * float(own["mean"][name]) if name in tested else 0.0

    tested = set(tested_methods(methods))
    return sorted(methods, key=place)


def _failing_last(methods: Sequence[str], failed: pd.DataFrame) -> list[str]:
    """Put methods that found no cord in any image behind all others."""
    hopeless = set(failed.index[failed["failed"] == failed["images"]])
    return sorted(methods, key=lambda name: name in hopeless)


def _with_failures(table: pd.DataFrame, failed: pd.DataFrame) -> pd.DataFrame:
    """Say behind n how many images have no cord or no value, where any has none: no mean of CSA has them."""
    if not failed["failed"].any():
        return table
    rows = failed.to_dict("index")
    words = [f"{rows[m]['failed']} of {rows[m]['images']}" if m in rows else "" for m in table["method"]]
    table.insert(2, FAILED_HEADING, words)
    return table


def lay_out(
    described: pd.DataFrame, headings: Mapping[str, str], key: str, order: Sequence[str]
) -> pd.DataFrame:
    """Turn described metrics into text: a row per value of ``key``, n, then a column per measured metric.

    A number of fewer than the row's n, as some lack an image, says of how many it is.
    """
    counts = described.groupby(key)["n"].max().to_dict()
    columns = (described[name] for name in (key, "metric", "mean", "sd", "n"))
    digits = {str(name): digits_for(str(name), rows["mean"]) for name, rows in described.groupby("metric")}
    cells = {
        (name, metric): mean_sd(mean, sd, digits[metric]) + (f" (n = {n})" if n < counts[name] else "")
        for name, metric, mean, sd, n in zip(*columns, strict=True)
    }
    table = pd.DataFrame({key: list(order), "n": [int(counts.get(name, 0)) for name in order]})
    for metric, heading in headings.items():
        if (described["metric"] == metric).any():
            table[heading] = [cells.get((name, metric), MISSING) for name in order]
    return table


def mean_sd(mean: float, sd: float, digits: int = 2) -> str:
    """Write ``0.96 ± 0.02``; a spread that does not exist (one participant) is left out."""
    if isnan(mean):
        return MISSING
    return f"{mean:.{digits}f}" if isnan(sd) else f"{mean:.{digits}f} ± {sd:.{digits}f}"


def digits_of(metric: str) -> int:
    """Decimals a metric is written with: three for overlaps, two for everything else."""
    return 3 if metric.startswith("dice") else 2


def digits_for(metric: str, means: Iterable[float]) -> int:
    """Decimals of a column of means: three where two would make different ones look equal."""
    return telling_digits(means, digits_of(metric))


def telling_digits(means: Iterable[float], least: int = 2) -> int:
    """Return ``least`` decimals, or three where those would make different means look equal.

    >>> telling_digits([1.21, 1.24]), telling_digits([1.211, 1.214])
    (2, 3)
    """
    known = {mean for mean in means if not isnan(mean)}
    hides = len({f"{mean:.{least}f}" for mean in known}) < len({f"{mean:.6g}" for mean in known})
    return max(3, least) if hides else least


def print_table(table: pd.DataFrame) -> str:
    """Lay a table out as aligned plain text, for the terminal."""
    columns: Sequence[str] = [plain(str(name)) for name in table.columns]
    rows = [columns, *([plain(str(cell)) for cell in row] for row in table.itertuples(index=False))]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    return "\n".join(line.rstrip() for line in lines)
