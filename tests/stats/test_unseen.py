"""What a method was tested on without having been trained on it is told apart."""

import pandas as pd

from softcord.measure.table import Measure, measures_frame
from softcord.report.study_tables import _contrast_tables
from softcord.report.summary import UNSEEN_HEADING, summary_table
from softcord.stats.unseen import unseen_contrasts


def measures(trained: str = "T1w T2w") -> pd.DataFrame:
    return measures_frame(
        Measure(person, contrast, "dice", 0.9, run="r", method="net", contrasts_trained=trained)
        for person in ("sub-1", "sub-2")
        for contrast in ("T1w", "T2w", "dwi", "MTon")
    )


def test_contrasts_that_did_not_train_are_named_in_the_summary_and_marked_in_the_table_by_contrast() -> None:
    assert unseen_contrasts(measures()) == {"net": ("dwi", "MTon")}
    table = summary_table(measures()).set_index("method")
    assert table.loc["net", UNSEEN_HEADING] == "DWI, MT-on"
    (by_contrast,) = _contrast_tables(measures(), "2:3").values()
    assert set(by_contrast["contrast"]) == {"T1w", "T2w", "DWI (not trained on)", "MT-on (not trained on)"}


def test_where_all_trained_or_nobody_says_what_did_nothing_is_marked() -> None:
    for trained in ("T1w T2w dwi MTon", "n/a"):
        assert unseen_contrasts(measures(trained)) == {}
        assert UNSEEN_HEADING not in summary_table(measures(trained))
