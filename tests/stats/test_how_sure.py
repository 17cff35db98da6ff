"""How sure a ranking and a claim are: bootstrap of ranks, probability of a false claim."""

from math import isnan, nan

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from benchmarks.bench_statistics import claims_table
from softcord.stats.compare import compare_in_detail
from softcord.stats.false_claim import false_claim_probability
from softcord.stats.how_sure import ranking_said, ranking_table
from softcord.stats.questions import Question
from softcord.stats.ranking import ranking
from softcord.stats.sentence import sentences
from tests.stats.measures import make_measures

STD = Question("CSA STD", "csa_std_mm2")


def test_false_claim_of_one_seed_is_the_formula_of_claims_reloaded() -> None:
    d = np.random.default_rng(3).normal(0.4, 1, 20)
    half = stats.t.ppf(0.975, 19) * d.std(ddof=1) / np.sqrt(20)
    here = false_claim_probability(d.mean(), d.mean() - half, d.mean() + half, 20)
    assert here == pytest.approx(stats.t.sf(d.mean() / (d.std(ddof=1) / np.sqrt(20)), 19), rel=1e-9)


def test_false_claims_are_likelier_the_more_seeds_spread_and_the_fewer_they_are() -> None:
    def of(sd: float, runs: int) -> float:
        return false_claim_probability(1.0, 0.5, 1.5, 30, sd_seed=sd, runs=(runs, runs))

    assert of(nan, 1) < of(0.1, 3) < of(0.5, 3) < of(1.0, 3)
    assert of(0.5, 10) < of(0.5, 3)
    assert false_claim_probability(-1.0, -1.5, -0.5, 30) == false_claim_probability(1.0, 0.5, 1.5, 30)
    assert false_claim_probability(0.0, -1, 1, 30) == 0.5
    assert isnan(false_claim_probability(1.0, nan, nan, 4))


def test_claims_are_false_as_often_as_stated() -> None:
    table = claims_table(1500, people=(12,))
    often = table[(table["claims"] >= 60) & (table["stated_pct"] > 2)]
    spread = 3 * np.sqrt(often["stated_pct"] * (100 - often["stated_pct"]) / often["claims"])
    assert len(often) >= 4
    assert ((often["false_pct"] - often["stated_pct"]).abs() < spread + 1.5).all(), often


def test_ranking_of_methods_far_apart_is_sure_and_of_like_ones_is_not() -> None:
    rng = np.random.default_rng(0)
    people = rng.normal(2, 1, 30)
    apart = {
        name: people[None] + shift + rng.normal(0, 0.1, (2, 30))
        for name, shift in zip("ABC", (0, 1, 2), strict=True)
    }
    sure = ranking(apart, "lower")
    assert sure.table["method"].tolist() == ["A", "B", "C"]
    assert (sure.tau, sure.tau_reached) == (1.0, 1.0)
    assert ranking(apart, "higher").table["method"].tolist() == ["C", "B", "A"]
    alike = {name: people[None] + rng.normal(0, 1, (2, 30)) for name in "ABC"}
    unsure = ranking(alike, "lower")
    assert unsure.tau < 0.9
    assert (unsure.table["rank_low"] < unsure.table["rank_high"]).any()
    assert unsure.table["first_pct"].sum() == pytest.approx(100)


def test_tau_of_a_resample_is_kendalls() -> None:
    values = {name: np.random.default_rng(k).normal(0, 1, (1, 9)) for k, name in enumerate("ABCD")}
    found = ranking(values, "lower", resamples=1, seed=4)
    weights = np.random.default_rng(4).multinomial(9, np.full(9, 1 / 9), size=1)[0] / 9
    drawn = [float(weights @ own[0]) for own in values.values()]
    measured = [float(own.mean()) for own in values.values()]
    assert found.tau == pytest.approx(stats.kendalltau(drawn, measured).statistic)


def test_equal_methods_share_a_rank() -> None:
    same = np.array([[1.0, 2, 3]])
    table = ranking({"A": same, "B": same, "C": same + 1}, "lower").table
    assert table["rank"].tolist() == [1.5, 1.5, 3.0]


def test_report_says_the_ranking_and_the_probability_of_a_false_claim() -> None:
    measures = make_measures(seeds=(1, 2))
    (said,) = ranking_said(ranking_table(measures, [STD]), "CSA STD")
    assert "best first" in said
    assert said.index("soft_all (") < said.index("hard_all_SoftSeg (")
    assert "n = 12, 0 left out" in said
    tests = compare_in_detail(measures, [STD])
    better = [sentence for sentence in sentences(tests) if " was higher with " in sentence]
    assert better
    assert all("that this is a false claim" in sentence for sentence in better)


def test_ranking_names_how_many_lack_a_method_and_is_not_made_of_two() -> None:
    measures = make_measures()
    lost = (measures["method"] == "soft_all") & (measures["participant_id"] == "sub-01")
    measures = measures.assign(value=measures["value"].mask(lost & (measures["metric"] == "dice")))
    table = ranking_table(measures, [Question("Dice", "dice")])
    assert (table["n"] == 11).all()
    assert (table["left_out"] == 1).all()
    assert ranking_table(make_measures(methods=("a", "b")), [STD]).empty
    assert list(ranking_said(None, "CSA STD")) == []
    assert isinstance(table, pd.DataFrame)
