import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm, t
from statsmodels.regression.mixed_linear_model import MixedLM
from statsmodels.stats.power import NormalIndPower

from softcord.errors import UsageError
from softcord.stats.breakdown import breakdown
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.frames import rows_of
from softcord.stats.mixed import seed_model
from softcord.stats.power import detectable_difference, participants_per_arm, power_table
from softcord.stats.seeds import seed_spread
from tests.stats.measures import make_measures


def seeded_rows(shift=0.5, sd_seed=0.4, seeds=8, participants=20, random=0):
    """One value per run and participant: participant + method + seed + error."""
    rng = np.random.default_rng(random)
    person = rng.normal(2, 0.5, participants)
    rows = []
    for method, offset in (("a", shift), ("b", 0.0)):
        for seed in range(seeds):
            values = person + offset + rng.normal(0, sd_seed) + rng.normal(0, 0.2, participants)
            rows += [
                (method, f"{method}{seed}", f"sub-{i}", "all", "csa_std_mm2", "2:3", v)
                for i, v in enumerate(values)
            ]
    return pd.DataFrame(
        rows, columns=["method", "run", "participant_id", "contrast", "metric", "level", "value"]
    )


def test_seed_model_equals_statsmodels_mixed_model():
    rows = seeded_rows()
    blocks = pd.get_dummies(rows["participant_id"], dtype=float).to_numpy()
    design = np.column_stack([(rows["method"] == "a").astype(float), blocks])
    fit = MixedLM(rows["value"].to_numpy(), design, groups=rows["run"].to_numpy()).fit(reml=True)
    here = seed_model(rows, "a", "b")
    assert here.effect == pytest.approx(fit.fe_params[0], rel=1e-6)
    assert here.effect / here.statistic == pytest.approx(fit.bse_fe[0], rel=1e-3)
    assert here.sd_seed == pytest.approx(np.sqrt(fit.cov_re[0, 0]), rel=1e-3)


def test_gain_smaller_than_the_spread_between_seeds_is_not_significant():
    assert seed_model(seeded_rows(shift=0.1, sd_seed=0.5, seeds=3), "a", "b").p > 0.05
    assert seed_model(seeded_rows(shift=1.0, sd_seed=0.05, seeds=3), "a", "b").p < 0.01


def test_seed_model_needs_two_participants_complete_in_every_run():
    rows = seeded_rows(shift=1.0, sd_seed=0.1, seeds=2)
    first, second = sorted(rows.loc[rows["method"] == "a", "run"].unique())
    people = sorted(rows["participant_id"].unique())
    early = rows["participant_id"].isin(people[: len(people) // 2])
    lost = ((rows["run"] == first) & early) | ((rows["run"] == second) & ~early)
    assert seed_model(rows.assign(value=rows["value"].mask(lost)), "a", "b") is None


def test_interval_of_the_seed_model_just_touches_zero_where_p_is_five_percent():
    fit = seed_model(seeded_rows(seeds=3), "a", "b")
    error = fit.effect / fit.statistic
    assert fit.df == 4
    assert fit.ci_high - fit.effect == pytest.approx(error * t.ppf(0.975, 4))
    assert fit.p == pytest.approx(2 * t.sf(abs(fit.statistic), 4))


def test_one_seed_is_no_random_factor():
    with pytest.raises(ValueError, match="at least two seeds"):
        seed_model(seeded_rows(seeds=1), "a", "b")


def test_seed_spread_is_the_sd_of_run_means():
    rows = seeded_rows(seeds=4)
    means = rows[rows["method"] == "a"].groupby("run")["value"].mean()
    spread = seed_spread(rows).set_index("method").loc["a"]
    assert spread["seeds"] == 4
    assert spread["sd_between_seeds"] == pytest.approx(means.std(ddof=1))


def test_sample_size_equals_statsmodels_normal_power():
    n = NormalIndPower().solve_power(effect_size=0.3, alpha=0.05, power=0.8, alternative="larger")
    assert participants_per_arm(1.0, 0.3, alpha=0.10) == np.ceil(n)
    z = norm.ppf(0.975) + norm.ppf(0.8)
    assert participants_per_arm(8.0, 0.75) == np.ceil(2 * (z * 8 / 0.75) ** 2)


def test_detectable_difference_undoes_sample_size():
    n = participants_per_arm(5.0, 1.0)
    assert detectable_difference(5.0, n) <= 1.0 < detectable_difference(5.0, n - 1)


def test_steadier_method_needs_fewer_participants_to_see_a_change():
    table = power_table(make_measures(participants=40), ["hard_all_SoftSeg", "soft_all"])
    change = table[table["design"] == "change"].set_index("method")
    assert change.loc["soft_all", "per_arm_1pct"] < change.loc["hard_all_SoftSeg", "per_arm_1pct"]
    assert change.loc["soft_all", "detectable_pct"] < change.loc["hard_all_SoftSeg", "detectable_pct"]


def test_breakdown_groups_by_any_column_and_keeps_the_unknown():
    measures = make_measures(participants=6)
    participants = pd.DataFrame(
        {
            "participant_id": [f"sub-{i:02d}" for i in range(1, 6)],
            "vendor": ["GE", "GE", "Philips", "GE", None],
        }
    )
    table = breakdown(measures, participants, "vendor", "dice").set_index(["method", "group"])
    assert table.loc["soft_all", "n"].to_dict() == {"GE": 3, "Philips": 1, "n/a": 2}
    dice = measures[(measures["metric"] == "dice") & (measures["method"] == "soft_all")]
    mean = dice[dice["participant_id"] == "sub-03"]["value"].mean()
    assert table.loc[("soft_all", "Philips"), "mean"] == pytest.approx(mean)


def test_breakdown_by_a_column_that_is_not_there_names_those_that_are():
    participants = pd.DataFrame({"participant_id": ["sub-01"], "sex": ["F"]})
    with pytest.raises(UsageError, match=r"has no column 'vendor'\. It has: sex"):
        breakdown(make_measures(), participants, "vendor", "dice")


def test_description_averages_contrasts_before_participants():
    measures = make_measures()
    row = describe(measures, ["dice"]).set_index("method").loc["soft_all"]
    dice = measures[(measures["metric"] == "dice") & (measures["method"] == "soft_all")]
    means = dice.groupby("participant_id")["value"].mean()
    assert (row["n"], row["mean"], row["sd"]) == (12, pytest.approx(means.mean()), pytest.approx(means.std()))
    pooled = describe(measures, ["dice"], unit="pooled").set_index("method").loc["soft_all"]
    assert (pooled["n"], pooled["sd"]) == (72, pytest.approx(dice["value"].std()))


def test_description_by_contrast_has_a_row_per_contrast():
    table = describe_contrasts(make_measures(), ["dice"])
    assert len(table) == 3 * 6
    assert rows_of(make_measures(), "dice")["contrast"].nunique() == 6
