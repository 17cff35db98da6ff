"""Seeds and participants as crossed random factors, held against lmerTest (reference/make_mixed.R)."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from scipy.stats import t, ttest_rel

from softcord.stats.measured import measured
from softcord.stats.mixed import SeedModel, seed_model
from softcord.stats.reml import unbalanced_fit
from softcord.stats.seeds import seed_spread
from tests.stats.measures import make_measures

HERE = Path(__file__).parent / "reference"
CASES = (
    "three_seeds", "two_seeds", "no_reaction", "no_seed_effect", "nothing_but_error", "three_and_five_seeds",
    "two_and_four_seeds", "five_and_two_seeds_no_reaction",
)  # fmt: skip
FloatArray = npt.NDArray[np.float64]


def methods_of(case: str) -> tuple[FloatArray, FloatArray]:
    table = pd.read_csv(HERE / f"mixed_{case}.csv")
    wide = table.pivot(index=["method", "run"], columns="participant", values="value")
    return wide.loc["a"].to_numpy(), wide.loc["b"].to_numpy()


def simulated(
    rng: np.random.Generator, seeds: int, n: int, reaction: float = 0.0, error: float = 0.2
) -> SeedModel:
    person = rng.normal(0, 1, n)
    a, b = (
        person
        + rng.normal(0, reaction, n)
        + rng.normal(0, 0.1, (seeds, 1))
        + rng.normal(0, error, (seeds, n))
        for _ in range(2)
    )
    return seed_model(a, b)


@pytest.mark.parametrize("case", CASES)
def test_effect_error_freedom_p_and_variances_equal_lmertest(case: str) -> None:
    table = pd.read_csv(HERE / "mixed_reference.csv")
    r = dict(table[table["case"] == case][["name", "value"]].itertuples(index=False))
    here = seed_model(*methods_of(case))
    assert here.effect == pytest.approx(r["effect"], rel=1e-6)
    assert here.effect / here.statistic == pytest.approx(r["error"], rel=1e-6)
    assert here.df == pytest.approx(r["df"], rel=1e-6)
    assert here.p == pytest.approx(r["p"], rel=1e-6)
    sds = (here.sd_participant, here.sd_reaction, here.sd_seed, here.sd_error)
    names = ("participant", "participant:method", "run", "Residual")
    assert sds == pytest.approx([r[name] for name in names], rel=1e-6, abs=1e-7)


def test_the_closed_form_of_balanced_data_equals_the_fit_of_unbalanced_data() -> None:
    a, b = methods_of("three_seeds")
    variances, variance, df = unbalanced_fit(a, b)
    here = seed_model(a, b)
    assert np.sqrt(variances) == pytest.approx(
        [here.sd_participant, here.sd_reaction, here.sd_seed, here.sd_error], rel=1e-6
    )
    assert (np.sqrt(variance), df) == pytest.approx((here.effect / here.statistic, here.df), rel=1e-6)


@pytest.mark.parametrize(("n", "seeds"), [(12, 3), (12, 5), (49, 3)])
def test_people_who_react_differently_do_not_pass_for_a_better_method(n: int, seeds: int) -> None:
    """Without participant-by-method, 21 to 47% of such studies find a difference that is not there."""
    rng = np.random.default_rng(n + seeds)
    false = np.mean([simulated(rng, seeds, n, reaction=1.0).p < 0.05 for _ in range(400)])
    assert 0.02 < false < 0.085  # 5% within three standard errors of 400 repeats


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(7)
    fits = [simulated(rng, 3, 12, reaction=0.5) for _ in range(400)]
    assert 0.915 < np.mean([fit.ci_low <= 0 <= fit.ci_high for fit in fits]) <= 0.985


def test_seeds_that_agree_leave_the_paired_t_test_of_their_means() -> None:
    rng = np.random.default_rng(1)
    person, react = rng.normal(0, 1, 15), rng.normal(0.5, 1, 15)
    a, b = np.tile(person + react, (3, 1)), np.tile(person, (3, 1))
    fit, paired = seed_model(a, b), ttest_rel(a[0], b[0])
    assert (fit.statistic, fit.df, fit.p) == pytest.approx((paired.statistic, 14, paired.pvalue))


def test_interval_just_touches_zero_where_p_is_five_percent() -> None:
    fit = simulated(np.random.default_rng(3), 3, 10, reaction=0.5)
    error = fit.effect / fit.statistic
    assert fit.ci_high - fit.effect == pytest.approx(error * t.ppf(0.975, fit.df))
    assert fit.p == pytest.approx(2 * t.sf(abs(fit.statistic), fit.df))


@pytest.mark.parametrize(("a", "b"), [(2.0, 2.0), (3.0, 2.0)])
@pytest.mark.parametrize("seeds", [(2, 2), (2, 3)])
def test_values_without_any_spread_have_an_answer(a: float, b: float, seeds: tuple[int, int]) -> None:
    fit = seed_model(np.full((seeds[0], 5), a), np.full((seeds[1], 5), b))
    assert fit.effect == a - b
    assert not np.isnan(fit.p)


def test_one_seed_is_no_random_factor() -> None:
    with pytest.raises(ValueError, match="at least two seeds"):
        seed_model(np.ones((1, 5)), np.ones((2, 5)))


def test_seed_spread_is_the_sd_of_run_means() -> None:
    measures = make_measures(methods=("soft_all",), seeds=(1, 2, 3, 4))
    dice = measures[measures["metric"] == "dice"]
    means = dice.groupby(["run", "participant_id"])["value"].mean().groupby("run").mean()
    spread = seed_spread(measured(measures, "dice")).set_index("method").loc["soft_all"]
    assert spread["seeds"] == 4
    assert spread["sd_between_seeds"] == pytest.approx(means.std(ddof=1))
