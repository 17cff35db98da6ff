import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.anova import AnovaRM

from softcord.stats.anova import repeated_anova
from softcord.stats.friedman import friedman


def example(n=10, k=4, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(75, 7, (n, 1)) + rng.normal(0, 1, (n, k)) + 0.4 * np.arange(k)


def test_f_and_p_equal_statsmodels():
    x = example()
    long = pd.DataFrame(x).assign(subject=range(len(x))).melt("subject")
    table = AnovaRM(long, "value", "subject", within=["variable"]).fit().anova_table
    here = repeated_anova(x)
    assert here.statistic == pytest.approx(table["F Value"].iloc[0])
    assert here.p == pytest.approx(table["Pr > F"].iloc[0])


@given(st.integers(0, 1000), st.floats(-100, 100))
def test_adding_a_constant_per_participant_changes_nothing(seed, shift):
    x = example(seed=seed)
    moved = x + shift * np.arange(len(x))[:, None]
    assert repeated_anova(moved).statistic == pytest.approx(repeated_anova(x).statistic, rel=1e-6)
    assert repeated_anova(moved).epsilon == pytest.approx(repeated_anova(x).epsilon, rel=1e-6)


@given(st.integers(0, 1000), st.integers(3, 6))
def test_epsilon_lies_between_its_bounds_and_corrected_p_is_not_smaller(seed, k):
    here = repeated_anova(example(n=12, k=k, seed=seed))
    assert 1 / (k - 1) - 1e-9 <= here.epsilon <= 1
    if here.statistic > 3:
        assert here.p_gg >= here.p_hf >= here.p
    assert here.epsilon <= here.epsilon_hf <= 1


def test_constant_differences_give_infinite_f():
    x = np.arange(6.0)[:, None] + np.array([0.0, 0.1, 0.3])
    here = repeated_anova(x)
    assert here.statistic == np.inf
    assert here.p == 0


def test_no_difference_at_all_gives_p_one():
    x = np.repeat(np.arange(6.0)[:, None], 3, axis=1)
    here = repeated_anova(x)
    assert (here.statistic, here.p, here.p_gg, here.p_hf) == (0.0, 1.0, 1.0, 1.0)
    assert friedman(x).p == 1.0


def test_mauchly_is_missing_with_too_few_participants():
    here = repeated_anova(example(n=4, k=6))
    assert np.isnan(here.p_sphericity)
    assert 0 < here.epsilon <= 1


def test_two_conditions_need_no_correction():
    here = repeated_anova(example(k=2))
    assert here.epsilon == 1
    assert here.p_gg == here.p_hf == here.p


def test_missing_value_is_refused():
    x = example()
    x[0, 0] = np.nan
    with pytest.raises(ValueError, match="values: must be complete"):
        repeated_anova(x)
