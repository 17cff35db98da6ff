import numpy as np
import pandas as pd
import pytest
from scipy.stats import ttest_ind
from statsmodels.stats.power import TTestIndPower

from softcord.errors import UsageError
from softcord.stats.breakdown import breakdown
from softcord.stats.describe import describe, describe_contrasts
from softcord.stats.power import detectable_difference, participants_per_arm, power_table
from tests.stats.measures import make_measures


@pytest.mark.parametrize("size", [0.2, 0.5, 1.0, 2.0, 5.0])
def test_the_promised_number_has_the_promised_power_and_one_fewer_does_not(size: float) -> None:
    n = participants_per_arm(1.0, size)
    exact = TTestIndPower()
    assert exact.power(size, n, 0.05) >= 0.8
    assert n == 2 or exact.power(size, n - 1, 0.05) < 0.8


def test_two_per_arm_are_not_promised_where_simulation_finds_two_fifths() -> None:
    """The normal formula gives 2 per arm here; a simulation of the t test with 2 has a power of 0.4."""
    n = participants_per_arm(1.0, 2.9)
    rng = np.random.default_rng(0)
    a, b = rng.normal(2.9, 1, (4000, n)), rng.normal(0, 1, (4000, n))
    assert n == 4
    assert (ttest_ind(a, b, axis=1).pvalue < 0.05).mean() == pytest.approx(0.91, abs=0.03)


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
