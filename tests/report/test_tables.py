import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.io.names import name_of
from softcord.report.order import contrast_order, method_colour, method_order
from softcord.report.summary import mean_sd, print_table, summary_table
from softcord.report.tables import contrast_table, heading, latex, markdown, method_table, write_tables
from softcord.report.verdicts import verdicts
from softcord.stats.compare import compare
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.questions import Question
from tests.stats.measures import make_measures


def test_summary_is_mean_and_sd_over_participants_of_each_ones_mean_over_contrasts():
    measures = make_measures()
    table = summary_table(measures).set_index("method")
    dice = measures[(measures["metric"] == "dice") & (measures["method"] == "soft_all")]
    means = dice.groupby("participant_id")["value"].mean()
    assert table.loc["soft_all", "Dice ↑"] == f"{means.mean():.3f} ± {means.std(ddof=1):.3f}"
    assert table.loc["soft_all", "n"] == 12


def test_summary_shows_soft_and_binarised_csa_side_by_side():
    columns = list(summary_table(make_measures()).columns)
    for soft in ("CSA STD, soft (mm²) ↓", "CSA |error|, soft (mm²) ↓"):
        assert columns[columns.index(soft) + 1] == soft.replace("soft", "bin")


def test_summary_leaves_out_what_nobody_measured():
    measures = make_measures()
    assert "Dice ↑" not in summary_table(measures[measures["metric"] != "dice"])


def test_summary_of_one_participant_has_no_spread():
    table = summary_table(make_measures(participants=1)).set_index("method")
    assert "±" not in table.loc["soft_all", "Dice ↑"]


def test_a_method_that_lacks_an_image_is_summed_up_without_that_participant_and_says_so():
    measures = make_measures()
    is_lost = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-01")
    counts = measures[measures["metric"] == "csa_std_mm2"].assign(metric="csa_std_contrasts")
    counts["value"] = np.where(is_lost[counts.index], 5, 6)
    measures.loc[is_lost & (measures["contrast"] == "T1w"), "value"] = np.nan
    measures = pd.concat([measures, counts], ignore_index=True)
    is_lost = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-01")
    table = summary_table(measures).set_index("method")
    others = measures[(measures["method"] == "soft_all") & ~is_lost]
    spread = others.loc[others["metric"] == "csa_std_mm2", "value"]
    assert table.loc["soft_all", "CSA STD, soft (mm²) ↓"].startswith(f"{spread.mean():.2f} ±")
    assert table["n"].to_dict() == {name: 11 if name == "soft_all" else 12 for name in table.index}


def test_a_number_of_fewer_people_than_its_row_says_of_how_many():
    measures = make_measures()
    is_lost = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-01")
    measures.loc[is_lost & (measures["metric"] == "dice"), "value"] = np.nan
    table = summary_table(measures).set_index("method")
    assert table.loc["soft_all", "n"] == 12
    assert table.loc["soft_all", "Dice ↑"].endswith(" (n = 11)")
    assert "(n" not in table.loc["soft_all", "soft Dice ↑"]


def test_a_method_that_lacks_an_image_of_everybody_keeps_its_row():
    measures = make_measures(methods=("soft_all", "gap"))
    measures.loc[(measures["method"] == "gap") & (measures["contrast"].isin(["T1w", "all"])), "value"] = (
        np.nan
    )
    table = summary_table(measures).set_index("method")
    assert table.loc["gap", "n"] == 0
    assert set(table.loc["gap"].drop(["n", "images without a cord"])) == {"n/a"}
    assert table.loc["gap", "images without a cord"] == "12 of 72"


def test_a_method_that_found_no_cord_has_no_spread_comes_last_and_its_failures_are_counted():
    measures = make_measures(methods=("soft_all", "blind"), participants=5)
    blind = measures["method"] == "blind"
    traces = {"csa_mm2": 0.3, "csa_bin_mm2": 0.0, "dice": 0.0, "csa_std_mm2": 0.01}
    for metric, value in traces.items():
        measures.loc[blind & (measures["metric"] == metric), "value"] = value
    table = summary_table(measures).set_index("method")
    assert table.index[-1] == "blind"
    assert table.loc["blind", "CSA STD, soft (mm²) ↓"] == "n/a"
    assert table.loc["blind", "Dice ↑"] == "0.000 ± 0.000"
    assert table["images without a cord"].to_dict() == {
        "GT_hard": "", "GT_soft": "", "soft_all": "0 of 30", "blind": "30 of 30",
    }  # fmt: skip


def test_the_best_mean_comes_first_behind_the_ground_truth_and_who_lacks_people_last() -> None:
    measures = make_measures(methods=("worse", "soft_all", "lucky"), participants=5)
    is_lucky = (measures["method"] == "lucky") & measures["metric"].isin(["csa_mm2", "csa_std_mm2"])
    measures.loc[is_lucky, "value"] = 70.0  # a spread of zero,
    measures.loc[is_lucky & (measures["metric"] == "csa_std_mm2"), "value"] = 0.0
    lost = is_lucky & (measures["participant_id"] == "sub-01")
    measures.loc[lost, "value"] = np.nan  # in those whom it has
    assert list(summary_table(measures)["method"]) == ["GT_hard", "GT_soft", "soft_all", "worse", "lucky"]


def test_three_decimals_are_written_where_two_would_hide_a_difference() -> None:
    measures = make_measures(methods=("a", "b"), participants=4, ground_truth=False)
    for method, value in (("a", 1.001), ("b", 1.004)):
        own = (measures["method"] == method) & (measures["metric"] == "csa_abs_error_mm2")
        measures.loc[own, "value"] = value
    table = summary_table(measures).set_index("method")
    assert table["CSA |error|, soft (mm²) ↓"].to_dict() == {"a": "1.001 ± 0.000", "b": "1.004 ± 0.000"}
    assert re.fullmatch(r"\d\.\d\d ± \d\.\d\d", table.loc["a", "CSA STD, soft (mm²) ↓"])


def test_methods_tested_on_different_contrasts_are_told_apart():
    measures = make_measures(methods=("soft_all", "few"), participants=5)
    assert "contrasts" not in summary_table(measures)
    untested = (measures["method"] == "few") & ~measures["contrast"].isin(["T1w", "T2w", "all"])
    table = summary_table(measures[~untested]).set_index("method")
    assert table.loc["few", "contrasts"] == "T1w, T2w"
    assert table.loc["few", "n"] == table.loc["soft_all", "n"] == 5


def test_verdicts_say_in_one_line_what_was_found_and_of_how_many():
    measures = make_measures(seeds=(1, 2), methods=("soft_all", "hard_all_SoftSeg"))
    rows = compare(measures, [Question("std", "csa_std_mm2"), Question("csa", "csa_mm2", "contrasts")])
    lines = verdicts(rows, {"soft_all", "hard_all_SoftSeg"})
    assert len(lines) == 2
    assert lines[0].startswith("std: hard_all_SoftSeg higher than soft_all (")
    assert lines[0].endswith(", n = 12 of 12)")
    assert lines[1].startswith("std with seeds random: hard_all_SoftSeg higher than soft_all (")


def test_printed_table_has_aligned_columns():
    lines = print_table(summary_table(make_measures())).splitlines()
    at = lines[0].index("Dice")
    assert all(line[at - 2 : at] == "  " for line in lines)


def test_missing_mean_is_written_as_bids_does():
    assert mean_sd(float("nan"), 1.0) == "n/a"


@pytest.mark.parametrize(
    ("metric", "text"),
    [("dice", "Dice ↑, optimum 1"), ("csa_std_mm2", "CSA STD across contrasts, soft (mm²) ↓, optimum 0")],
)
def test_heading_says_direction_and_optimum(metric, text):
    assert heading(metric) == text


def test_method_table_has_a_row_per_method_in_the_papers_order():
    table = method_table(describe(make_measures(), ["csa_std_mm2"]), ["csa_std_mm2", "dice"])
    assert table["method"].tolist() == [
        "GT_hard", "GT_soft", "hard_all_SoftSeg", "soft_all_diceCE_loss", "soft_all",
    ]  # fmt: skip
    assert len(table.columns) == 3


def test_contrast_table_is_the_papers_table_1():
    table = contrast_table(describe_contrasts(make_measures(), ["dice"]), "soft_all", ["dice"])
    assert table["contrast"].tolist() == ["DWI", "MT-on", "GRE-T1w", "T1w", "T2*w", "T2w"]


def test_three_formats_hold_the_same_cells(tmp_path):
    table = pd.DataFrame({"method": ["soft_all"], "Dice ↑": ["0.96 ± 0.01"], "p": [0.01234567]})
    write_tables(table, tmp_path / "tables", "t")
    assert (tmp_path / "tables/t.csv").read_text() == "method,Dice ↑,p\nsoft_all,0.96 ± 0.01,0.01234567\n"
    assert "| soft_all | 0.96 ± 0.01 | 0.01235 |" in (tmp_path / "tables/t.md").read_text()
    assert r"soft\_all & 0.96 $\pm$ 0.01 & 0.01235 \\" in (tmp_path / "tables/t.tex").read_text()


@pytest.mark.parametrize(
    "name", ["contrasts_soft_all_epsilon0.5", "contrasts_soft_all_epsilon0.1", "by_a/b", ".."]
)
def test_a_table_is_called_after_its_method_whatever_that_is_called(name: str, tmp_path: Path) -> None:
    write_tables(pd.DataFrame({"method": ["a"]}), tmp_path / "tables", name)
    written = sorted((tmp_path / "tables").iterdir())
    assert [path.suffix for path in written] == [".csv", ".md", ".tex"]
    assert {name_of(path.name.removesuffix(path.suffix)) for path in written} == {name}


def test_bars_and_missing_values_survive_markdown_and_latex():
    table = pd.DataFrame({"|CSA error|": [np.nan], "%": ["5% & more"]})
    assert "| \\|CSA error\\| | % |" in markdown(table)
    assert "| n/a | 5% & more |" in markdown(table)
    assert r"n/a & 5\% \& more \\" in latex(table)


def test_colour_of_an_unknown_method_does_not_depend_on_what_else_is_there():
    assert method_colour("my_method") == method_colour("my_method")
    assert method_order(["zeta", "soft_all", "GT_soft", "alpha"]) == ["GT_soft", "alpha", "zeta", "soft_all"]


def test_contrasts_keep_the_order_of_the_papers_figures():
    assert contrast_order(["T2w", "other", "dwi", "T1w"]) == ["dwi", "T1w", "T2w", "other"]
