"""One table over several datasets, as the paper's Table 3: a row per method, datasets side by side."""

from collections.abc import Mapping

import pandas as pd

from softcord.report.order import method_order

# Of the summary's columns those that are comparable across datasets of any contrast and region.
_KEPT = ("n$", "Dice", "RVE")


def overview(summaries: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Join summaries (:func:`softcord.report.summary.summary_table`, absent methods included) by method.

    Columns are ``<dataset>: <column>``; a dataset of which nothing was measured has none.
    """
    parts = [
        summary.set_index("method").filter(regex=f"^({'|'.join(_KEPT)})").add_prefix(f"{data}: ")
        for data, summary in summaries.items()
        if not summary.empty
    ]
    if not parts:
        return pd.DataFrame({"method": []})
    joined = pd.concat(parts, axis=1)
    ordered = joined.loc[method_order(joined.index)]
    return ordered.fillna("").reset_index(names="method")
