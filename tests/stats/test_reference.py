"""Results equal R's and pingouin's on stored data sets (reference/make_reference.R and .py made them)."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.stats.adjust import adjust
from softcord.stats.anova import repeated_anova
from softcord.stats.equivalence import equivalence_p
from softcord.stats.friedman import friedman
from softcord.stats.shift import typical_shift
from softcord.stats.wilcoxon import signed_rank

HERE = Path(__file__).parent / "reference"
ANOVA_CASES = ["six_contrasts", "three_contrasts", "two_contrasts", "with_ties"]
WILCOXON_CASES = ["pairs_49", "pairs_8", "pairs_5", "pairs_294", "pairs_30_ties_zeros", "pairs_10_ties"]
EQUAL = {"rel": 1e-6, "abs": 1e-14}


def data(case):
    return pd.read_csv(HERE / f"data_{case}.csv")


def reference(case, made_by="r"):
    table = pd.read_csv(HERE / f"{made_by}_reference.csv")
    return dict(table[table["case"] == case][["name", "value"]].itertuples(index=False))


@pytest.mark.parametrize("case", ANOVA_CASES)
def test_anova_equals_r(case):
    here, r = repeated_anova(data(case)), reference(case)
    assert here.statistic == pytest.approx(r["F"], **EQUAL)
    assert here.p == pytest.approx(r["p"], **EQUAL)
    if here.conditions > 2:
        assert here.p_gg == pytest.approx(r["p_gg"], **EQUAL)
        assert here.p_hf == pytest.approx(r["p_hf"], **EQUAL)
        assert here.w == pytest.approx(r["W"], **EQUAL)
        assert here.p_sphericity == pytest.approx(r["p_sphericity"], **EQUAL)


@pytest.mark.parametrize("case", ANOVA_CASES)
def test_anova_equals_pingouin(case):
    here, there = repeated_anova(data(case)), reference(case, "pingouin")
    assert here.epsilon == pytest.approx(there["epsilon"], **EQUAL)
    assert here.eta_generalised == pytest.approx(there["eta_generalised"], **EQUAL)
    assert here.eta_partial == pytest.approx(there["eta_partial"], **EQUAL)
    if here.conditions > 2:
        assert here.p_gg == pytest.approx(there["p_gg"], **EQUAL)


@pytest.mark.parametrize("case", ANOVA_CASES)
def test_friedman_equals_r(case):
    here, r = friedman(data(case)), reference(case)
    assert here.statistic == pytest.approx(r["friedman"], **EQUAL)
    assert here.p == pytest.approx(r["friedman_p"], **EQUAL)


@pytest.mark.parametrize("case", WILCOXON_CASES)
def test_wilcoxon_equals_r(case):
    table, r = data(case), reference(case)
    differences = (table["a"] - table["b"]).to_numpy()
    default, normal = signed_rank(differences), signed_rank(differences, exact=False)
    assert default.statistic[0] == pytest.approx(r["V"], **EQUAL)
    assert normal.p[0] == pytest.approx(r["p_normal"], **EQUAL)
    if default.rule[0] != "exact with ties":  # R has no exact p there
        assert default.p[0] == pytest.approx(r["p"], **EQUAL)


def shift_reference(case):
    table = pd.read_csv(HERE / "shift_reference.csv")
    return dict(table[table["case"] == case][["name", "value"]].itertuples(index=False))


@pytest.mark.parametrize("case", ["pairs_49", "pairs_8"])
def test_typical_shift_and_its_interval_equal_r(case):
    table, r = data(case), shift_reference(case)
    d = (table["a"] - table["b"]).to_numpy()
    here = typical_shift(d, signed_rank(d).critical[0])
    assert (here.estimate, here.low, here.high) == pytest.approx(
        (r["estimate"], r["low"], r["high"]), **EQUAL
    )


@pytest.mark.parametrize("case", ["pairs_49", "pairs_8"])
@pytest.mark.parametrize("margin", [0.2, 0.5, 1])
def test_equivalence_equals_two_one_sided_tests_of_r(case, margin):
    table = data(case)
    here = equivalence_p((table["a"] - table["b"]).to_numpy(), margin)[0]
    assert here == pytest.approx(shift_reference(case)[f"equivalence_{margin:g}"], **EQUAL)


@pytest.mark.parametrize("case", ["pairs_49", "pairs_8", "pairs_10_ties"])
def test_exact_p_also_with_ties_equals_coin(case):
    table = data(case)
    here = signed_rank((table["a"] - table["b"]).round(9).to_numpy())
    assert here.rule[0].startswith("exact")
    assert here.p[0] == pytest.approx(shift_reference(case)["coin_p"], **EQUAL)


@pytest.mark.parametrize("case", WILCOXON_CASES)
def test_rank_biserial_equals_pingouin(case):
    table = data(case)
    here = signed_rank((table["a"] - table["b"]).to_numpy()).rank_biserial[0]
    assert here == pytest.approx(reference(case, "pingouin")["rank_biserial"], **EQUAL)


@pytest.mark.parametrize("correction", ["bonferroni", "holm"])
def test_correction_equals_r(correction):
    r = reference(f"adjust_{correction}")
    here = adjust([0.001, 0.04, 0.012, 0.2, 0.03], correction)
    np.testing.assert_allclose(here, [r[str(i)] for i in range(1, 6)], rtol=1e-12)
