"""A sentence, a row and a claim say what the test found, and never the reverse."""

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from softcord.stats.claims import PaperEffect, PaperLine, PaperOrder, PaperValue
from softcord.stats.compare import compare_in_detail
from softcord.stats.equivalence import equivalence_p, margin_of
from softcord.stats.expected import check_claims
from softcord.stats.questions import Question
from softcord.stats.sentence import sentences
from softcord.stats.shift import makers_of_the_mean, mean_shift, typical_shift
from softcord.stats.wilcoxon import signed_rank
from tests.stats.measures import make_measures
from tests.stats.nasty import contradictions, nasty_measures

METRIC = "csa_std_mm2"


def measures_of(**methods: npt.ArrayLike) -> pd.DataFrame:
    """Tidy measures with one CSA STD per participant and method."""
    rows = [
        (name, name, "n/a", f"sub-{i:02d}", "n/a", "all", "2:3", METRIC, value, "mm2")
        for name, values in methods.items()
        for i, value in enumerate(np.asarray(values, dtype=float))
    ]
    columns = [
        "run",
        "method",
        "seed",
        "participant_id",
        "session_id",
        "contrast",
        "level",
        "metric",
        "value",
    ]
    return pd.DataFrame(rows, columns=[*columns, "unit"])


def answer(differences: npt.ArrayLike, **options: object) -> tuple[pd.DataFrame, str]:
    """Rows and sentence of methods a and b whose values differ so."""
    d = np.asarray(differences, dtype=float)
    table = compare_in_detail(
        measures_of(a=d + 9, b=np.full(len(d), 9.0)), [Question("q", METRIC, **options)]
    )  # type: ignore[arg-type]
    return table, sentences(table)[0]


def agrees(table: pd.DataFrame, **claim: object) -> str:
    claims = [PaperOrder("x", METRIC, **claim)]  # type: ignore[arg-type]
    return str(check_claims(claims, pd.DataFrame(), table)["agrees"].iloc[0])


OFTEN_BETTER_RARELY_MUCH_WORSE = np.r_[-np.linspace(0.01, 0.05, 25), np.linspace(1, 5, 24)]


def test_direction_is_that_of_the_ranks_and_not_of_the_median() -> None:
    table, said = answer(OFTEN_BETTER_RARELY_MUCH_WORSE)
    assert np.median(OFTEN_BETTER_RARELY_MUCH_WORSE) < 0
    assert table["p"].iloc[0] < 0.01
    assert said.startswith("CSA STD across contrasts (soft) was higher with a than with b")
    assert table["verdict"].iloc[0] == "a higher"
    assert agrees(table, lower="b", higher="a") == "yes"
    assert agrees(table, lower="a", higher="b") == "no"


def test_many_zeros_do_not_turn_the_direction() -> None:
    _, said = answer(np.r_[np.zeros(26), -np.linspace(0.1, 1, 23)])
    assert "was lower with a than with b" in said
    assert "26 zero differences left out: test and typical difference are of the 23 that differ" in said
    assert "better in 23 and worse in 0 of 49" in said


def test_where_typical_and_mean_difference_disagree_a_sentence_says_so_and_who_makes_it() -> None:
    _, said = answer(np.r_[-np.linspace(0.5, 1.5, 30), [60.0, 70.0]])
    assert "was lower with a than with b" in said
    assert "Typical and mean difference point opposite ways: on the mean, a is higher by 3.12 mm²" in said
    assert "and 2 of 32 participants make the difference" in said


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=40))
def test_without_those_who_make_it_the_mean_turns(differences: list[int]) -> None:
    d = np.array(differences, dtype=float)
    k = makers_of_the_mean(d, -1.0)
    left = np.sort(d)[: len(d) - k]
    assert k == 0 if d.sum() <= 0 else left.sum() <= 0 < np.sort(d)[: len(d) - k + 1].sum()


def test_interval_and_test_agree_where_the_median_did_not() -> None:
    d = [-0.2, -0.1, 0.3, 0.5, 0.9, 1.1, 1.3, 1.7, 2.0, 2.5, 3.1]
    row = answer(d)[0].iloc[0]
    assert (row["p"] < 0.05) == (row["ci_low"] > 0)


@pytest.mark.parametrize("digits", [0, 1, 12])
@given(seed=st.integers(0, 10**6), n=st.integers(3, 60))
def test_interval_excludes_zero_exactly_when_the_test_is_significant(digits: int, seed: int, n: int) -> None:
    d = np.random.default_rng(seed).normal(0.4, 1, n).round(digits)
    test = signed_rank(d)
    shift = typical_shift(d, float(test.critical[0]))
    if np.isnan(shift.low):
        assert test.p[0] >= 0.05
    elif 0.0 not in (shift.low, shift.high):
        assert (test.p[0] < 0.05) == (shift.low > 0 or shift.high < 0)
    assert shift.estimate * test.rank_biserial[0] >= 0


@pytest.mark.parametrize("n", [6, 12, 30])
def test_intervals_cover_the_truth_about_as_often_as_they_say(n: int) -> None:
    rng = np.random.default_rng(n)
    typical = mean = 0
    for d in rng.normal(0, 1, (800, n)):
        low, high = typical_shift(d, float(signed_rank(d).critical[0])), mean_shift(d)
        typical += low.low <= 0 <= low.high
        mean += high.low <= 0 <= high.high
    assert 0.93 < typical / 800 < 0.99  # discrete: 96.9% is the closest from above with 6 pairs
    assert 0.93 < mean / 800 < 0.97


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
def test_below_six_people_no_interval_is_printed_and_the_reason_is(n: int) -> None:
    table, said = answer(np.linspace(0.5, 0.9, n))
    assert table[["ci_low", "ci_high", "mean_ci_low", "mean_ci_high"]].isna().all(axis=None)
    assert "CI" not in said
    assert table["verdict"].iloc[0] == "cannot tell"
    assert ("not compared" in said) if n < 3 else ("cannot be told" in said and "no 95% interval" in said)


def test_similar_is_not_said_of_three_people_whose_methods_lie_far_apart() -> None:
    table, _ = answer([41.2, 41.5, 41.9])
    assert agrees(table, lower="a", higher="b", similar=True) == "unclear"


@pytest.mark.parametrize(
    ("shift", "spread", "verdict"),
    [(0.0, 0.2, "yes"), (0.2, 0.05, "yes"), (0.0, 4.0, "unclear"), (2.0, 0.3, "no")],
)
def test_similar_takes_equivalence_within_the_margin(shift: float, spread: float, verdict: str) -> None:
    d = np.random.default_rng(1).normal(shift, spread, 20)
    assert agrees(answer(d)[0], lower="a", higher="b", similar=True) == verdict


def test_a_margin_of_the_question_decides_what_is_alike() -> None:
    d = np.random.default_rng(1).normal(0, 0.2, 20)
    wide, narrow = answer(d, margin=0.5)[0], answer(d, margin=0.01)[0]
    assert (wide["verdict"].iloc[0], narrow["verdict"].iloc[0]) == ("alike", "no difference found")
    assert "was alike with a and b, within ±0.50 mm²" in sentences(wide)[0]
    with pytest.raises(ValueError, match="margin: must be above 0, got 0"):
        Question("q", METRIC, margin=0)


@given(st.integers(0, 10**6), st.integers(5, 40))
def test_equivalence_equals_two_one_sided_tests_of_scipy(seed: int, n: int) -> None:
    d = np.random.default_rng(seed).normal(0, 0.6, n)
    above = stats.wilcoxon(d + 0.5, alternative="greater", method="exact").pvalue
    below = stats.wilcoxon(d - 0.5, alternative="less", method="exact").pvalue
    assert equivalence_p(d, 0.5)[0] == pytest.approx(max(above, below), rel=1e-9)


def test_an_effect_that_was_not_found_is_no_evidence_that_there_is_none() -> None:
    measures = make_measures(methods=("soft_all",), participants=4, noise=3.0)
    table = compare_in_detail(measures, [Question("q", "csa_mm2", "contrasts")])
    claims = [
        PaperEffect("x", "soft_all", "csa_mm2", differs=False),
        PaperEffect("x", "soft_all", "csa_mm2", differs=False, contrasts=("T1w", "T2w")),
    ]
    assert check_claims(claims, measures, table)["agrees"].tolist() == ["unclear", "unclear"]
    steady = make_measures(methods=("soft_all",), participants=30, ground_truth=False)
    steady.loc[steady["metric"] == "csa_mm2", "value"] = steady["participant_id"].str[-2:].astype(float) + 60
    table = compare_in_detail(steady, [Question("q", "csa_mm2", "contrasts")])
    assert check_claims(claims, steady, table)["agrees"].tolist() == ["yes", "yes"]


def test_a_mean_or_a_line_too_vague_to_tell_is_unclear() -> None:
    measures = make_measures(methods=("soft_all",), participants=3, noise=4.0)
    table = compare_in_detail(measures, [Question("q", "csa_mm2", "agreement", contrasts=("T1w", "T2w"))])
    claims = [
        PaperValue("x", "soft_all", "csa_mm2", 75.0, 7.0, n=3),
        PaperLine("x", "soft_all", "csa_mm2", "T1w", "T2w", 0.95, 3.9, 0.95),
    ]
    assert check_claims(claims, measures, table)["agrees"].tolist() == ["unclear", "unclear"]


def test_a_claim_about_images_is_held_against_the_test_of_images() -> None:
    measures = make_measures(methods=("a", "b"), participants=5)
    questions = [Question("people", "dice"), Question("images", "dice", unit_of_analysis="pooled")]
    table = compare_in_detail(measures, questions)
    claims = [PaperOrder("x", "dice", "a", "b"), PaperOrder("x", "dice", "a", "b", unit_of_analysis="pooled")]
    people, images = check_claims(claims, measures, table)["here"]
    assert f"corrected p = {table['p_adjusted'].iloc[1]:.2g}" in images
    assert people != images


def test_tests_that_could_not_be_significant_say_so() -> None:
    rng = np.random.default_rng(0)
    values = {name: 2 + k + rng.normal(0, 0.05, 9) for k, name in enumerate("abcdef")}
    table = compare_in_detail(measures_of(**values), [Question("q", METRIC)])
    assert table["p_adjusted"].min() == pytest.approx(15 * 2**-8)
    assert (table["verdict"] == "cannot tell").all()
    assert table["note"].str.contains("n = 9 and 15 tests: no corrected p below 0.05859 exists").all()
    said = sentences(table)
    assert said[0].startswith("Of 15 pairs of methods, 0 differ")
    assert "15 of them could not, with so few participants and so many tests" in said[0]


def test_attainability_counts_the_differences_that_are_not_zero() -> None:
    table, said = answer(np.r_[np.zeros(10), [0.1, 0.2, 0.3, 0.4, 0.5]])
    assert table["smallest_p"].iloc[0] == 0.0625
    assert "n = 5: no p below 0.0625 exists" in said


def test_one_seed_per_method_carries_a_caveat_and_programs_without_a_seed_do_not() -> None:
    said = sentences(compare_in_detail(make_measures(methods=("a", "b")), [Question("q", METRIC)]))
    assert said[-1] == "One seed of a, b: what another seed would give is not in these tests."
    assert "seed" not in " ".join(sentences(answer(np.linspace(-1, 2, 12))[0]))


def test_differences_that_are_rounding_are_none() -> None:
    row = answer(np.random.default_rng(0).normal(0, 1e-15, 20))[0].iloc[0]
    assert (row["p"], row["effect"]) == (1.0, 0.0)


@pytest.mark.parametrize(
    "metric", ["csa_std_mm2", "csa_abs_error_mm2", "csa_mm2", "dice", "rve_pct", "asd_mm"]
)
def test_the_papers_metrics_have_a_margin(metric: str) -> None:
    assert margin_of(metric) > 0


@pytest.mark.parametrize("seed", range(60))
def test_nasty_data_never_make_a_sentence_or_a_claim_that_contradicts_its_test(seed: int) -> None:
    measures = nasty_measures(np.random.default_rng(seed))
    assert contradictions(measures) == []


@pytest.mark.exhaustive
def test_nor_do_ten_thousand_of_them() -> None:
    found = {seed: contradictions(nasty_measures(np.random.default_rng(seed))) for seed in range(60, 10_000)}
    assert {seed: words for seed, words in found.items() if words} == {}


def test_values_that_are_equal_in_everybody_do_not_differ_and_are_alike_where_a_margin_is_known() -> None:
    table, said = answer(np.zeros(12))
    assert table["verdict"].iloc[0] == "alike"
    assert "both are equal in all" in said
    unknown = measures_of(a=np.ones(12), b=np.ones(12)).assign(metric="hd95_mm")
    row = compare_in_detail(unknown, [Question("q", "hd95_mm")]).iloc[0]
    assert row["verdict"] == "no difference found"
