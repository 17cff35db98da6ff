import numpy as np
import pytest
from scipy import stats

from softcord.stats.bootstrap import bootstrap_ci


@pytest.mark.parametrize("statistic", ["median", "mean"])
@pytest.mark.parametrize("n", [9, 20])
def test_interval_agrees_with_scipy_percentile_bootstrap(statistic, n):
    d = np.random.default_rng(1).normal(0.5, 1, n)
    low, high = bootstrap_ci(d, statistic, resamples=20000)
    function = {"median": np.median, "mean": np.mean}[statistic]
    scipy = stats.bootstrap((d,), function, n_resamples=20000, method="percentile", rng=2)
    assert low[0] == pytest.approx(scipy.confidence_interval.low, abs=0.05)
    assert high[0] == pytest.approx(scipy.confidence_interval.high, abs=0.05)


def test_same_seed_gives_the_same_interval_and_another_seed_does_not():
    d = np.random.default_rng(1).normal(size=12)
    first = bootstrap_ci(d, "mean", seed=3, resamples=500)
    again = bootstrap_ci(d, "mean", seed=3, resamples=500)
    other = bootstrap_ci(d, "mean", seed=4, resamples=500)
    assert first[0][0] == again[0][0]
    assert first[0][0] != other[0][0]


def test_ninety_five_percent_intervals_cover_the_truth_about_that_often():
    d = np.random.default_rng(5).normal(0, 1, size=(400, 40))
    low, high = bootstrap_ci(d, "mean", resamples=1000)
    assert 0.90 < np.mean((low <= 0) & (high >= 0)) < 0.98


def test_missing_pairs_do_not_move_the_interval():
    d = np.random.default_rng(1).normal(size=15)
    with_gaps = np.insert(d, [3, 9], np.nan)
    assert bootstrap_ci(with_gaps)[0][0] == bootstrap_ci(d)[0][0]


def test_one_pair_has_no_interval():
    low, high = bootstrap_ci([1.0])
    assert np.isnan(low[0])
    assert np.isnan(high[0])
