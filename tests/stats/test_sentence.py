import numpy as np
import pytest

from softcord.stats.compare import compare_in_detail
from softcord.stats.questions import Question
from softcord.stats.sentence import sentences
from softcord.stats.words import write_number, write_p
from tests.stats.measures import make_measures


def say(measures, question):
    return sentences(compare_in_detail(measures, [question]))


def test_sentence_has_the_numbers_of_its_row():
    table = compare_in_detail(make_measures(), [Question("q", "csa_std_mm2", reference="soft_all")])
    row, said = table.iloc[0], sentences(table)[0]
    assert said.startswith(
        "CSA STD across contrasts (soft) was lower with soft_all than with hard_all_SoftSeg"
    )
    assert f"typical difference {write_number(row['effect'], 'mm2')}" in said
    assert f"n = {row['n']}" in said
    assert "Bonferroni over 2" in said


def test_sentence_never_claims_what_p_does_not_show():
    said = say(make_measures(participants=5), Question("q", "csa_std_mm2", reference="soft_all"))
    *pairs, caveat = said
    assert all("cannot be told" in sentence for sentence in pairs)
    assert all("no p below 0.0625 exists" in sentence for sentence in pairs)
    assert caveat.startswith("One seed of")


def test_sentence_counts_who_was_dropped():
    measures = make_measures()
    lost = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-01")
    measures.loc[lost & (measures["metric"] == "csa_std_mm2"), "value"] = np.nan
    assert "n = 11, 1 dropped" in say(measures, Question("q", "csa_std_mm2", reference="soft_all"))[0]


def test_sentence_names_the_contrast_pairs_that_differ():
    anova, post_hoc = say(
        make_measures(noise=0.2), Question("q", "csa_mm2", "contrasts", methods=("soft_all",))
    )
    assert anova.startswith("The contrast had a significant effect on CSA (soft) of soft_all")
    assert "Huynh-Feldt" in anova
    assert "T2w/DWI" in post_hoc.replace("DWI/T2w", "T2w/DWI")


def test_gain_stands_beside_the_spread_between_seeds():
    said = say(make_measures(seeds=(1, 2)), Question("q", "csa_std_mm2", reference="soft_all"))
    assert "With other seeds and other participants in mind" in said[-1]
    assert "between seeds" in said[-1]


def test_many_pairs_are_summed_up():
    methods = [f"method_{i}" for i in range(8)]
    said = say(make_measures(methods, ground_truth=False), Question("q", "csa_std_mm2"))
    assert said[0].startswith("Of 28 pairs of methods, ")
    assert len(said) == 14  # the sum, twelve pairs, and that there was one seed


@pytest.mark.parametrize(
    ("p", "text"), [(0.0004, "p < 0.001"), (0.0625, "p = 0.0625"), (float("nan"), "p not available")]
)
def test_p_is_written_as_journals_want_it(p, text):
    assert write_p(p) == text


def test_numbers_have_a_true_minus_sign_and_no_negative_zero():
    assert write_number(-1.234, "mm2") == "−1.23 mm²"
    assert write_number(-0.0, "1") == "0.000"


def test_a_difference_too_small_for_its_decimals_is_not_written_as_zero():
    assert write_number(-0.00012, "1") == "−0.00012"
