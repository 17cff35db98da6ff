from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from softcord.stats.wilcoxon import signed_rank, smallest_p


def brute_force_p(d):
    """Share of all sign patterns at least as far out, twice the smaller tail."""
    ranks = stats.rankdata(np.abs(d))
    sums = np.array([np.dot(signs, ranks) for signs in product((0, 1), repeat=len(d))])
    at = ranks[d > 0].sum()
    return min(1.0, 2 * min((sums <= at + 1e-9).mean(), (sums >= at - 1e-9).mean()))


@given(st.lists(st.integers(-4, 4).filter(bool), min_size=1, max_size=9))
def test_small_samples_with_ties_are_exact_over_all_signs(differences):
    d = np.array(differences, dtype=float)
    assert signed_rank(d).p[0] == pytest.approx(brute_force_p(d), abs=1e-12)


@given(st.lists(st.floats(-5, 5).filter(lambda x: abs(x) > 1e-3), min_size=2, max_size=40, unique_by=abs))
def test_without_ties_p_equals_scipy(differences):
    expected = stats.wilcoxon(differences, method="exact").pvalue
    assert signed_rank(differences).p[0] == pytest.approx(expected, rel=1e-9)


@given(st.lists(st.integers(-9, 9), min_size=2, max_size=60))
def test_swapping_conditions_keeps_p_and_turns_the_effect(differences):
    d = np.array(differences, dtype=float)
    forward, back = signed_rank(d), signed_rank(-d)
    assert forward.p[0] == pytest.approx(back.p[0])
    assert forward.rank_biserial[0] == pytest.approx(-back.rank_biserial[0])


def test_five_pairs_never_give_p_below_one_sixteenth():
    assert smallest_p(5) == 0.0625
    for d in ([1, 2, 3, 4, 5], [2, 2, 2, 2, 2], [0.1, 5, 5, 6, 7]):
        assert signed_rank(d).p[0] == 0.0625


def test_all_zero_differences_have_p_one_and_no_effect():
    result = signed_rank(np.zeros(6))
    assert (result.p[0], result.statistic[0], result.rank_biserial[0]) == (1.0, 0.0, 0.0)
    assert result.rule[0] == "all differences are zero"
    assert result.zeros[0] == 6


def test_constant_difference_is_as_extreme_as_signs_allow():
    result = signed_rank(np.full(10, 0.5))
    assert result.p[0] == pytest.approx(2 / 2**10)
    assert result.rank_biserial[0] == 1.0


def test_missing_pairs_are_left_out_and_counted_out():
    d = np.array([1.0, -2.0, 3.0, 4.5, 5.0, -6.0])
    padded = np.array([1.0, np.nan, -2.0, 3.0, 4.5, np.nan, 5.0, -6.0])
    assert signed_rank(padded).p[0] == signed_rank(d).p[0]
    assert signed_rank(padded).n[0] == 6


def test_many_pairs_at_once_equal_one_by_one():
    d = np.random.default_rng(0).normal(size=(7, 20)).round(1)
    together = signed_rank(d)
    for i, row in enumerate(d):
        assert together.p[i] == signed_rank(row).p[0]
