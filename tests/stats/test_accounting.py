"""Every participant of the data is used or named with a reason, whatever is missing and however."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from softcord.errors import DataError
from softcord.stats.compare import compare_in_detail
from softcord.stats.describe import describe
from softcord.stats.questions import Question
from tests.stats.measures import make_measures

QUESTIONS = (
    Question("std", "csa_std_mm2"),
    Question("error", "csa_abs_error_mm2"),
    Question("dice", "dice"),
    Question("images", "dice", unit_of_analysis="pooled"),
    Question("over contrasts", "csa_mm2", "contrasts"),
    Question("agreement", "csa_mm2", "agreement", contrasts=("T1w", "T2w")),
)
HOLES = ("missing row", "n/a", "no discs", "missed cord", "missing run", "missing contrast")


def at(measures: pd.DataFrame, **where: str) -> "pd.Series[bool]":
    keep = pd.Series(True, index=measures.index)
    for column, value in where.items():
        keep &= measures[column] == value
    return keep


def with_hole(measures: pd.DataFrame, kind: str, rng: np.random.Generator) -> pd.DataFrame:
    """Take something away, as real studies lack it."""
    one = {name: str(rng.choice(measures[name].unique())) for name in ("run", "participant_id", "contrast")}
    image = at(measures, **one)
    if kind == "missing row":
        return measures[~image]
    if kind == "n/a":
        return measures.assign(value=measures["value"].mask(image))
    if kind == "no discs":
        own = at(measures, participant_id=one["participant_id"]) & (measures["level"] == "2:3")
        return measures.assign(level=measures["level"].mask(own, "all"))
    if kind == "missed cord":
        lost = image & measures["metric"].isin(["csa_mm2", "csa_bin_mm2", "dice"])
        return measures.assign(value=measures["value"].mask(lost, 0.0))
    if kind == "missing run":
        return measures[~at(measures, run=one["run"], participant_id=one["participant_id"])]
    return measures[~at(measures, run=one["run"], contrast=one["contrast"])]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(HOLES), max_size=4), st.integers(0, 10**6))
def test_used_and_left_out_add_up_to_the_data_in_every_test(holes: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    measures = make_measures(
        methods=("a", "b"), participants=6, seeds=(1, 2), contrasts=("T1w", "T2w", "dwi")
    )
    for kind in holes:
        measures = with_hole(measures, kind, rng)
    people = set(measures.loc[~measures["method"].str.startswith("GT_"), "participant_id"])
    table = compare_in_detail(measures, QUESTIONS, allow_different=True)
    assert (table["n"] + table["dropped"] == table["participants"]).all()
    by_person = table[table["asked"] != "images"]
    assert (by_person["participants"] == len(people)).all()
    for row in table.to_dict("records"):
        named = [part.partition(": ") for part in row["dropped_why"].split("; ") if part]
        assert [name for name, _, _ in named] == row["dropped_names"].split()
        assert all(why for _, _, why in named)
        assert {name.partition("/")[0] for name, _, _ in named} <= people


def test_people_without_disc_labels_do_not_vanish_because_others_have_them() -> None:
    measures = make_measures(methods=("a", "b"), participants=8)
    lacks = measures["participant_id"].isin(["sub-01", "sub-02"]) & (measures["level"] == "2:3")
    measures.loc[lacks, "level"] = "all"
    row = compare_in_detail(measures, [Question("std", "csa_std_mm2")]).iloc[0]
    assert (row["n"], row["dropped"], row["participants"]) == (6, 2, 8)
    assert row["dropped_why"] == (
        "sub-01: no level 2:3, measured at all; sub-02: no level 2:3, measured at all"
    )


@pytest.mark.parametrize("is_row_there", [True, False])
def test_a_seed_without_an_image_is_named_whether_its_row_is_empty_or_absent(is_row_there: bool) -> None:
    measures = make_measures(methods=("a", "b"), participants=6, seeds=(1, 2))
    lost = at(measures, run="a_s2", participant_id="sub-03", contrast="T2w", metric="dice")
    holed = measures.assign(value=measures["value"].mask(lost)) if is_row_there else measures[~lost]
    row = compare_in_detail(holed, [Question("dice", "dice")]).iloc[0]
    what = "n/a" if is_row_there else "no row"
    assert row["dropped_why"] == f"sub-03: a: T2w {what} in a_s2"


def test_an_absent_session_is_named() -> None:
    first = make_measures(methods=("a", "b"), participants=6).assign(session_id="ses-01")
    second = first.assign(session_id="ses-02", value=first["value"] + 0.1)
    lost = at(second, method="a", participant_id="sub-02")
    row = compare_in_detail(pd.concat([first, second[~lost]]), [Question("std", "csa_std_mm2")]).iloc[0]
    assert row["dropped_why"] == "sub-02: a: ses-02 no row"
    assert "sessions averaged (6 participants have several)" in row["note"]


def test_an_image_that_no_method_has_a_value_of_drops_nobody() -> None:
    measures = make_measures(methods=("a", "b"), participants=6)
    lost = at(measures, participant_id="sub-02", contrast="T2w") & ~measures["method"].str.startswith("GT_")
    measures["value"] = measures["value"].mask(lost)
    table = compare_in_detail(measures, [Question("dice", "dice"), Question("error", "csa_abs_error_mm2")])
    assert (table["dropped"] == 0).all()


def test_a_contrast_that_one_method_was_not_tested_on_leaves_the_others_and_is_said() -> None:
    measures = make_measures(methods=("a", "b", "c"), participants=8)
    measures = measures[~(at(measures, method="c") & measures["contrast"].isin(["T2star", "dwi"]))]
    table = compare_in_detail(measures, [Question("dice", "dice"), Question("std", "csa_std_mm2")])
    assert (table["n"] == 8).all()
    of_c = table["b"] == "c"
    assert table.loc[of_c, "note"].str.contains("over GREt1w, MTon, T1w, T2w only, on which both were").all()
    assert (table.loc[~of_c, "note"] == "").all()


def test_a_spread_of_a_model_per_contrast_is_not_lost_to_the_ground_truths_more_contrasts() -> None:
    measures = make_measures(methods=("a", "b"), participants=8)
    is_gt = measures["method"].str.startswith("GT_")
    measures = measures[is_gt | measures["contrast"].isin(["T1w", "T2w", "all"])]
    counts = measures[measures["metric"] == "csa_std_mm2"].assign(metric="csa_std_contrasts")
    counts["value"] = np.where(counts["method"].str.startswith("GT_"), 6.0, 2.0)
    row = compare_in_detail(pd.concat([measures, counts]), [Question("std", "csa_std_mm2")]).iloc[0]
    only_spread = pd.concat([measures, counts])
    only_spread = only_spread[~only_spread["metric"].isin(["csa_mm2", "csa_bin_mm2"])]
    assert row["n"] == 8
    assert compare_in_detail(only_spread, [Question("std", "csa_std_mm2")]).iloc[0]["n"] == 8


def test_spreads_over_different_numbers_of_contrasts_are_marked() -> None:
    measures = make_measures(methods=("a", "b"), participants=8)
    measures = measures[~at(measures, participant_id="sub-01", contrast="dwi")]
    row = compare_in_detail(measures, [Question("std", "csa_std_mm2")]).iloc[0]
    assert "spread over 5 contrasts in 1 participants, 6 contrasts in 7 participants" in row["note"]


def test_a_spread_over_named_contrasts_is_computed_anew() -> None:
    measures = make_measures(methods=("a", "b"), participants=8)
    question = Question("std", "csa_std_mm2", contrasts=("T1w", "T2w"))
    row = compare_in_detail(measures, [question]).iloc[0]
    csa = measures[(measures["metric"] == "csa_mm2") & measures["contrast"].isin(["T1w", "T2w"])]
    spread = csa.groupby(["method", "participant_id"])["value"].std()
    assert row["mean_difference"] == pytest.approx((spread["a"] - spread["b"]).mean())


def test_the_contrasts_of_a_question_hold_for_every_metric() -> None:
    measures = make_measures(methods=("a", "b"), participants=8)
    row = compare_in_detail(measures, [Question("dice", "dice", contrasts=("T2w",))]).iloc[0]
    dice = measures[(measures["metric"] == "dice") & (measures["contrast"] == "T2w")].set_index("method")
    assert row["mean_difference"] == pytest.approx(
        dice.loc["a", "value"].mean() - dice.loc["b", "value"].mean()
    )


@pytest.mark.parametrize("lost", ["csa_mm2", "dice"])
def test_where_no_cord_was_found_there_is_no_spread_and_no_error(lost: str) -> None:
    measures = make_measures(methods=("a", "b"), participants=8)
    missed = at(measures, method="a", participant_id="sub-04", contrast="T2w", metric=lost)
    measures["value"] = measures["value"].mask(missed, 0.0)
    asked = [Question("std", "csa_std_mm2"), Question("error", "csa_abs_error_mm2")]
    table = compare_in_detail(measures, asked)
    assert (table["dropped_names"] == "sub-04").all()
    assert table["dropped_why"].str.contains("no cord found").all()


def test_two_values_of_one_image_are_refused_with_both() -> None:
    measures = make_measures(methods=("a", "b"), participants=4)
    again = measures[at(measures, run="a_s1", participant_id="sub-02", contrast="T1w", metric="dice")]
    with pytest.raises(DataError, match="a_s1 has two values of dice for sub-02 T1w, "):
        compare_in_detail(pd.concat([measures, again.assign(value=0.5)]), [Question("dice", "dice")])
    same = compare_in_detail(pd.concat([measures, again]), [Question("dice", "dice")])
    assert same["n"].tolist() == [4]


def test_a_method_alone_gains_no_spread_by_failing_in_a_contrast() -> None:
    measures = make_measures(methods=("net",), participants=4)
    whole = describe(measures, ["csa_std_mm2", "csa_abs_error_mm2"]).set_index(["method", "metric"])
    is_lost = (measures["method"] == "net") & (measures["contrast"] == "T1w")
    is_lost &= measures["participant_id"] == "sub-01"
    measures.loc[is_lost & (measures["metric"] == "dice"), "value"] = 0.0
    found = describe(measures, ["csa_std_mm2", "csa_abs_error_mm2"]).set_index(["method", "metric"])
    for metric in ("csa_std_mm2", "csa_abs_error_mm2"):
        assert whole.loc[("net", metric), "n"] == 4
        assert found.loc[("net", metric), "n"] == 3
    truth = ("GT_soft", "csa_std_mm2")
    assert found.loc[truth, "mean"] == pytest.approx(whole.loc[truth, "mean"])
