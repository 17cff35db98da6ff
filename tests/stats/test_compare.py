from dataclasses import fields
from typing import get_args

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from softcord.errors import DataError
from softcord.stats.claims import PaperEffect, PaperLine
from softcord.stats.compare import compare, compare_in_detail
from softcord.stats.expected import check_claims
from softcord.stats.kinds import KINDS
from softcord.stats.questions import DEFAULT_QUESTIONS, KEYS, Kind, Question
from softcord.stats.rows import COMPARISON_COLUMNS
from softcord.stats.sentence import sentences
from tests.stats.measures import make_measures

STD = Question("std", "csa_std_mm2")


def per_participant(measures, method, metric):
    rows = measures[(measures["method"] == method) & (measures["metric"] == metric)]
    return rows.groupby("participant_id")["value"].mean()


def at(measures, **where):
    keep = pd.Series(True, index=measures.index)
    for column, value in where.items():
        keep &= measures[column] == value
    return measures.index[keep]


def test_columns_are_those_of_comparisons_csv():
    table = compare(make_measures(), DEFAULT_QUESTIONS)
    assert tuple(table.columns) == COMPARISON_COLUMNS
    assert set(table["question"].str.partition(": ")[0]) == {q.name for q in DEFAULT_QUESTIONS}


def test_wilcoxon_row_equals_scipy_on_per_participant_values():
    measures = make_measures()
    row = compare(measures, [Question("q", "csa_abs_error_mm2", reference="soft_all")]).iloc[0]
    a = per_participant(measures, row["a"], "csa_abs_error_mm2")
    b = per_participant(measures, row["b"], "csa_abs_error_mm2")
    assert row["a"] == "soft_all"
    assert row["p"] == pytest.approx(stats.wilcoxon(a, b).pvalue)
    assert row["p_adjusted"] == pytest.approx(min(1, 2 * row["p"]))
    differences = (a - b).to_numpy()
    walsh = [(x + y) / 2 for i, x in enumerate(differences) for y in differences[i:]]
    assert row["effect"] == pytest.approx(np.median(walsh))
    assert row["mean_difference"] == pytest.approx(differences.mean())
    assert row["ci_low"] <= row["effect"] <= row["ci_high"]
    assert row["n"] == 12


def test_order_of_rows_does_not_change_any_answer():
    measures = make_measures()
    questions = [
        Question("q", "csa_abs_error_mm2", reference="soft_all"),
        Question("c", "csa_mm2", "contrasts"),
    ]
    shuffled = measures.sample(frac=1, random_state=3)
    columns = ["question", "a", "b"]
    first = compare(measures, questions).sort_values(columns).reset_index(drop=True)
    second = compare(shuffled, questions).sort_values(columns).reset_index(drop=True)
    pd.testing.assert_frame_equal(first, second)


def test_missing_value_drops_the_participant_from_its_pairs_only_and_names_it():
    measures = make_measures()
    measures.loc[
        at(measures, method="soft_all", participant_id="sub-04", contrast="T2w", metric="dice"), "value"
    ] = np.nan
    table = compare_in_detail(measures, [Question("q", "dice")])
    touched = (table["a"] == "soft_all") | (table["b"] == "soft_all")
    assert table.loc[touched, "n"].tolist() == [11, 11]
    assert table.loc[touched, "dropped"].tolist() == [1, 1]
    assert table.loc[touched, "dropped_names"].tolist() == ["sub-04", "sub-04"]
    assert table.loc[~touched, "n"].tolist() == [12]


def test_image_that_one_method_lacks_drops_the_participant_instead_of_averaging_fewer():
    measures = make_measures()
    lost = at(measures, method="soft_all", participant_id="sub-04", contrast="T2w", metric="dice")
    row = compare_in_detail(measures.drop(lost), [Question("q", "dice", reference="soft_all")]).iloc[0]
    assert row["dropped_names"] == "sub-04"


def test_one_seed_without_a_value_drops_the_participant_instead_of_averaging_fewer_seeds():
    measures = make_measures(seeds=(1, 2))
    lost = at(measures, run="soft_all_s2", participant_id="sub-04", contrast="T2w", metric="dice")
    measures.loc[lost, "value"] = np.nan
    row = compare_in_detail(measures, [Question("q", "dice", reference="soft_all")]).iloc[0]
    assert row["dropped_names"] == "sub-04"


def test_contrast_that_no_method_has_for_a_participant_drops_nobody():
    measures = make_measures()
    table = compare(
        measures.drop(at(measures, participant_id="sub-04", contrast="dwi")), [Question("q", "dice")]
    )
    assert (table["dropped"] == 0).all()


def test_ground_truth_of_untested_images_changes_nothing():
    measures = make_measures()
    truth = measures[measures["method"] == "GT_soft"]
    of_another = truth[truth["participant_id"] == "sub-01"].assign(participant_id="sub-99")
    more = pd.concat([truth[truth["contrast"] == "T1w"].assign(contrast="MToff"), of_another])
    question = Question("q", "csa_abs_error_mm2")
    pd.testing.assert_frame_equal(
        compare(measures, [question]), compare(pd.concat([measures, more]), [question])
    )


def test_spread_over_fewer_contrasts_is_not_compared():
    measures = make_measures()
    counts = measures[measures["metric"] == "csa_std_mm2"].assign(
        metric="csa_std_contrasts", value=6.0, unit="1"
    )
    counts.loc[at(counts, method="soft_all", participant_id="sub-02"), "value"] = 5.0
    row = compare_in_detail(
        pd.concat([measures, counts]), [Question("q", "csa_std_mm2", reference="soft_all")]
    ).iloc[0]
    assert row["dropped_names"] == "sub-02"


def test_spread_over_fewer_contrasts_at_one_level_than_at_another_is_compared():
    measures = make_measures()
    counts = measures[measures["metric"] == "csa_std_mm2"].assign(metric="csa_std_contrasts", unit="1")
    both = [counts.assign(value=5.0), counts.assign(value=6.0, level="3")]  # one image does not show C2
    compared = compare(pd.concat([measures, *both]), [Question("q", "csa_std_mm2")])
    assert (compared["n"] == 12).all()


def test_pooled_reproduces_the_papers_294_images():
    measures = make_measures(participants=49)
    pooled = compare(measures, [Question("q", "csa_abs_error_mm2", unit_of_analysis="pooled")])
    assert (pooled["n"] == 294).all()
    assert pooled["method"].str.contains("images pooled as if independent").all()


def test_holm_is_never_less_powerful_than_bonferroni():
    measures = make_measures(noise=2.0)
    bonferroni = compare(measures, [Question("q", "csa_std_mm2")])["p_adjusted"]
    holm = compare(measures, [Question("q", "csa_std_mm2", correction="holm")])["p_adjusted"]
    assert (holm <= bonferroni).all()
    assert (holm < bonferroni).any()


def test_ground_truth_is_not_tested_as_a_method():
    table = compare(make_measures(), [STD])
    assert not table[["a", "b"]].isin(["GT_soft", "GT_hard"]).any().any()
    assert len(table) == 3


def test_five_participants_are_told_that_no_p_can_be_significant():
    table = compare(make_measures(participants=5), [STD])
    assert table["method"].str.contains("n = 5: no p below 0.0625 exists").all()


def test_contrast_question_has_anova_friedman_and_fifteen_pairs_per_method():
    table = compare_in_detail(make_measures(), [Question("q", "csa_mm2", "contrasts", methods=("soft_all",))])
    assert table["test"].tolist() == ["anova", "friedman"] + ["wilcoxon"] * 15
    assert table["method"].iloc[2].endswith("Bonferroni over 15")


def test_agreement_finds_the_line_that_was_drawn():
    measures = make_measures(noise=0)
    row = compare(measures, [Question("q", "csa_mm2", "agreement", contrasts=("T1w", "T2w"))])
    line = row[row["question"] == "q: hard_all_SoftSeg"].iloc[0]
    limits = row[row["question"] == "q: hard_all_SoftSeg"].iloc[1]
    assert line["effect"] == pytest.approx(1.0)
    assert limits["effect"] == pytest.approx(2.0)
    assert limits["ci_high"] - limits["ci_low"] == pytest.approx(0, abs=1e-9)


def test_values_that_are_all_equal_make_no_line_no_effect_and_no_crash():
    measures = make_measures(methods=("soft_all",), participants=6)
    measures.loc[measures["metric"] == "csa_mm2", "value"] = 75.0
    line = Question("line", "csa_mm2", "agreement", contrasts=("T1w", "T2w"))
    table = compare_in_detail(measures, [line, Question("anova", "csa_mm2", "contrasts")])
    assert table.loc[table["test"] == "line", "method"].tolist() == ["no line: all values of T1w are equal"]
    assert table.loc[table["test"] == "bland-altman", "effect"].tolist() == [0.0]
    words = [sentence for name in ("line", "anova") for sentence in sentences(table[table["asked"] == name])]
    assert "All values of T1w of soft_all are equal: there is no line to T2w." in words
    assert any(
        sentence.startswith("The contrast had no significant effect on CSA (soft)") for sentence in words
    )
    claims = [
        PaperLine("Fig. 10", "soft_all", "csa_mm2", "T1w", "T2w", 0.95, 3.89, 0.95),
        PaperEffect("Section 3.1", "soft_all", "csa_mm2", differs=True),
    ]
    assert check_claims(claims, measures, table)["agrees"].tolist() == ["unclear", "no"]


def test_a_contrast_that_nobody_measured_is_named():
    question = Question("q", "csa_mm2", "agreement", contrasts=("T1w", "FLAIR"))
    with pytest.raises(DataError, match="q: nobody measured its contrast FLAIR"):
        compare(make_measures(), [question])


def test_several_seeds_add_the_answer_with_the_seed_as_a_random_factor():
    table = compare_in_detail(make_measures(seeds=(1, 2, 3)), [STD])
    assert table["test"].tolist() == ["wilcoxon"] * 3 + ["seed model"] * 3
    assert table["method"].iloc[-1].startswith("mixed model, seeds and participants random, t(")


def test_many_methods_are_compared_with_one_reference():
    methods = [f"method_{i:02d}" for i in range(40)] + ["soft_all"]
    table = compare(make_measures(methods, participants=6, ground_truth=False), [STD])
    assert len(table) == 40
    assert (table["a"] == "soft_all").all()


def test_runs_with_other_participants_are_refused_by_name_unless_allowed():
    measures = make_measures()
    lost = at(measures, method="soft_all", participant_id="sub-03")
    with pytest.raises(DataError, match=r"soft_all_s1: was tested on other participants.*lacks: sub-03"):
        compare(measures.drop(lost), [STD])
    assert compare(measures.drop(lost), [STD], allow_different=True)["dropped"].max() == 1


def test_different_ground_truth_is_refused():
    measures = make_measures()
    other = measures[measures["method"] == "GT_soft"].assign(run="later")
    other["value"] += 0.5
    with pytest.raises(
        DataError, match=r"ground truth: GT_soft of sub-01 .* differs by 0.5 mm² between runs"
    ):
        compare(pd.concat([measures, other]), [STD])


@pytest.mark.parametrize(
    ("measures", "message"),
    [
        (make_measures(methods=("soft_all",)), "only soft_all was measured"),
        (make_measures().assign(metric="dice"), "csa_std_mm2: nobody measured this metric. Measured: dice"),
        (make_measures().assign(value=np.nan), "every value is missing"),
        (make_measures().assign(level="3"), "was not measured at level 2:3. Measured at: 3"),
    ],
)
def test_nothing_to_compare_is_said_in_one_line(measures, message):
    with pytest.raises(DataError, match=message) as caught:
        compare(measures, [STD])
    assert "\n" not in str(caught.value)


def test_unknown_kind_of_question_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match="kind: must be one of methods, contrasts, agreement, precision, change, got 'anova'"
    ):
        Question("q", "dice", kind="anova")


def test_a_key_that_a_kind_does_not_read_is_refused_with_those_it_does():
    with pytest.raises(ValueError, match="reference: a question of kind contrasts does not read it, but"):
        Question("q", "csa_mm2", kind="contrasts", reference="soft_all")


def test_every_kind_has_its_keys_and_its_answers():
    assert set(KINDS) == set(KEYS) == set(get_args(Kind))
    assert {key for keys in KEYS.values() for key in keys} <= {field.name for field in fields(Question)}
