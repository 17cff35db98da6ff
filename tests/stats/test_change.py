"""Change over time against lme4/lmerTest and R (reference/make_repeats.R), real cords, simulations."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from benchmarks.bench_statistics import TESTS, change_uneven_p, coverage_of, error_pct, followed
from softcord.errors import DataError
from softcord.stats.compare import compare_in_detail
from softcord.stats.cross_section import level_differences
from softcord.stats.questions import Question
from softcord.stats.rate import rate_of_change
from softcord.stats.sentence import sentences
from softcord.stats.trial import Trial
from tests.stats.morphometry.excerpt import measures_of, people_of, sessions_of

HERE = Path(__file__).parent / "reference"
EQUAL = {"rel": 1e-6, "abs": 1e-12}
CHANGE = Question("atrophy", "csa_mm2", "change")


def reference(case: str) -> dict[str, float]:
    table = pd.read_csv(HERE / "repeats_r_reference.csv")
    own = table[table["case"] == case]
    return dict(zip(own["name"], own["value"], strict=True))


def ask(dataset: str, question: Question = CHANGE, **tables: pd.DataFrame) -> pd.DataFrame:
    known = {"participants": people_of(dataset), "sessions": sessions_of(dataset)} | tables
    return compare_in_detail(measures_of(dataset), [question], **known)


def test_rate_of_people_with_the_same_visits_equals_lmer() -> None:
    visits, there = pd.read_csv(HERE / "data_visits.csv"), reference("visits")
    here = rate_of_change(visits["value"], visits["years"], visits["id"])
    assert here.value == pytest.approx(there["Estimate"], **EQUAL)
    # lmer stops at a relative 1e-6 of its criterion, the closed form does not.
    assert here.standard_error == pytest.approx(there["Std. Error"], rel=1e-5)
    assert here.statistic == pytest.approx(there["t value"], rel=1e-5)
    assert here.df == pytest.approx(there["df"], rel=1e-5)
    assert here.p == pytest.approx(there["Pr(>|t|)"], rel=1e-4)
    assert here.sd_rates == pytest.approx(there["sd_rates"], rel=1e-4)
    assert here.sd_within == pytest.approx(there["sd_within"], rel=1e-4)


def test_the_mixed_model_of_nearly_even_visits_finds_what_the_closed_form_finds() -> None:
    visits = pd.read_csv(HERE / "data_visits.csv")
    even = rate_of_change(visits["value"], visits["years"], visits["id"])
    late = visits["years"] + np.where(visits["id"] == 1, 1e-4 * visits["years"], 0)
    fitted = rate_of_change(visits["value"], late, visits["id"])
    assert fitted.value == pytest.approx(even.value, rel=1e-3)
    assert (fitted.sd_within, fitted.sd_rates) == pytest.approx((even.sd_within, even.sd_rates), rel=1e-2)


def test_differences_between_people_equal_least_squares_on_their_means() -> None:
    levels, there = pd.read_csv(HERE / "data_levels.csv"), reference("levels")
    design = np.column_stack([np.ones(len(levels)), levels["sex"], levels["age"]])
    _, sex, age = level_differences(levels["mean"], levels.index, design)
    found = (sex.value, sex.p, age.value, age.p)
    assert found == pytest.approx([there[name] for name in ("sex", "sex_p", "age", "age_p")], **EQUAL)


def test_people_per_arm_equal_r_rounded_up() -> None:
    assert Trial().people_per_arm(0.3 * 0.4, 0.7) == np.ceil(reference("trial")["people"])


def test_a_trial_of_that_size_has_that_power_and_one_person_fewer_has_not() -> None:
    rng, n = np.random.default_rng(1), int(Trial().people_per_arm(1.0, 1.0))
    arms = rng.normal(0, 1, (2, 20_000, n))
    difference = arms[0].mean(axis=1) + 1.0 - arms[1].mean(axis=1)
    spread = np.sqrt((arms[0].var(axis=1, ddof=1) + arms[1].var(axis=1, ddof=1)) / n)
    assert (difference / spread > 2.0369).mean() == pytest.approx(0.8, abs=0.03)
    assert Trial().people_per_arm(0.0, 1.0) == np.inf
    assert Trial(visits=5).sd_of_rate(1, 0.2) < Trial(visits=2).sd_of_rate(1, 0.2)


def test_differences_in_level_between_young_and_old_do_not_pass_for_change() -> None:
    ages = np.array([20.0, 21, 40, 41, 60, 61])
    values = 90 - 0.5 * ages[[0, 0, 2, 2, 4, 4]] + np.array([0, 0.1, 0, -0.1, 0, 0.0])
    assert rate_of_change(values, ages, np.repeat([1, 2, 3], 2)).value == pytest.approx(0)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), shift=st.floats(-50, 50), scale=st.floats(0.1, 100))
def test_rate_moves_with_unit_and_not_with_level(seed: int, shift: float, scale: float) -> None:
    rng = np.random.default_rng(seed)
    who, years = np.repeat(range(6), 3), rng.uniform(0, 5, 18)
    values = rng.normal(70, 5, 18)
    first = rate_of_change(values, years, who)
    second = rate_of_change(scale * values + shift, years, who)
    assert second.value == pytest.approx(scale * first.value, rel=1e-2, abs=1e-3 * scale)
    assert first.ci_low <= first.value <= first.ci_high


def test_rate_of_people_with_the_same_visits_is_the_t_test_of_their_slopes() -> None:
    rng = np.random.default_rng(0)
    for cell in [(8, 1, 0.0, 0.2), (12, 3, 0.5, 1.0), (8, 5, 1.0, 0.2)]:
        values, years, who = followed(rng, *cell)
        slopes = [np.polyfit(years[who == one], values[who == one], 1)[0] for one in np.unique(who)]
        assert rate_of_change(values, years, who).p == pytest.approx(
            stats.ttest_1samp(slopes, 0).pvalue, rel=1e-9
        )


@pytest.mark.parametrize("cell", [(8, 1, 0.0, 0.2), (12, 3, 0.5, 1.0)])
def test_change_is_found_in_5_percent_where_there_is_none(cell: tuple[int, int, float, float]) -> None:
    # Of 1,000 repeats, a true 5 % is found as 3.2 to 6.8 in 99 of 100 cases.
    assert 3.0 <= error_pct(TESTS["change"], cell, 1000) <= 7.0


@pytest.mark.slow
def test_uneven_visits_find_change_in_5_percent_where_there_is_none() -> None:
    assert 2.0 <= error_pct(change_uneven_p, (12, 1, 0.5, 1.0), 400) <= 8.0


def test_intervals_of_change_hold_the_truth_in_95_percent() -> None:
    held = coverage_of("change", people=8, repeats=300)
    assert all(91 <= pct <= 99 for pct in held.values()), held


def test_example_of_the_docs_dlbs_change() -> None:
    first, trial = sentences(ask("DLBS"))
    assert first.startswith("CSA (soft) of SCT decreases: −0.184 mm² per year, 95% CI −0.225 to −0.143")
    assert "−0.273% per year, 95% CI −0.333 to −0.213" in first
    assert "n = 313, 150 dropped" in first
    assert "a trial needs 6008 people per arm (4022 to 9932 people" in trial


def test_example_of_the_docs_dlbs_sex_and_age() -> None:
    *_, sex, age = sentences(ask("DLBS", Question("a", "csa_mm2", "change", covariates=("sex", "age"))))
    assert "higher in sex M than in sex F by 3.44 mm² (95% CI 2.25 to 4.63; p < 0.001, n = 463)" in sex
    assert "differs with age by −0.081 mm² per year (95% CI −0.113 to −0.049" in age


def test_example_of_the_docs_blsa_change() -> None:
    assert sentences(ask("BLSA"))[0].startswith("CSA (soft) of SCT decreases: −0.266 mm² per year")


def test_groups_have_their_own_rates_and_a_difference() -> None:
    table = ask("DLBS", Question("a", "csa_mm2", "change", group="sex")).set_index(["test", "a"])
    rates, difference = table.loc["change", "effect"], table.loc["change difference"].iloc[0]
    assert difference["effect"] == pytest.approx(rates["M"] - rates["F"])
    assert (table.loc["change", "correction"] == "Bonferroni over 2").all()
    people = measures_of("DLBS")["participant_id"].nunique()
    assert table.loc["change", "participants"].sum() == people


def test_no_sample_size_is_claimed_where_the_rate_may_be_zero() -> None:
    said = sentences(ask("VUIIS-MS"))
    assert "shows no significant change over time" in said[0]
    assert "cannot be said" in said[1]
    assert not any(word in " ".join(said).split() for word in ("nan", "inf"))


def test_everybody_is_used_or_named_with_a_reason() -> None:
    sessions = sessions_of("DLBS").copy()
    sessions.loc[sessions["participant_id"] == "sub-1003", "age"] = None
    row = ask("DLBS", sessions=sessions).iloc[0]
    assert row["n"] + row["dropped"] == row["participants"] == measures_of("DLBS")["participant_id"].nunique()
    assert "sub-1003: no age" in row["dropped_why"]
    assert "one session" in row["dropped_why"]


def test_dates_count_as_ages_do() -> None:
    sessions = sessions_of("DLBS")
    days = (sessions["age"].astype(float) * 365.25).round().astype(int)
    dates = (pd.Timestamp("1930-01-01") + pd.to_timedelta(days, unit="D")).dt.strftime("%Y-%m-%d")
    dated = sessions.drop(columns="age").assign(acq_time=dates)
    assert ask("DLBS", sessions=dated).iloc[0]["effect"] == pytest.approx(
        ask("DLBS").iloc[0]["effect"], rel=1e-2
    )


DLBS_ONCE = measures_of("DLBS").drop_duplicates("participant_id")
ONE_OF_EACH = people_of("DLBS").assign(group=["patient", *["control"] * (len(people_of("DLBS")) - 1)])
TWICE = pd.concat([sessions_of("DLBS"), sessions_of("DLBS").head(1).assign(age="77")])
WITH_GROUP = Question("a", "csa_mm2", "change", group="group")


@pytest.mark.parametrize(
    ("question", "tables", "message"),
    [
        (WITH_GROUP, {"participants": ONE_OF_EACH}, "column group: patient has too few people"),
        (
            WITH_GROUP,
            {"participants": ONE_OF_EACH.assign(group="control")},
            "column group: is control for everybody with a value. Leave group out",
        ),
        (WITH_GROUP, {}, "have no column group. They have: age, sex, pathology"),
        (
            CHANGE,
            {"sessions": TWICE},
            "sessions.tsv: .* has two values of age, .* and 77. Keep the right row",
        ),
        (CHANGE, {"sessions": sessions_of("DLBS").drop(columns="age")}, "no column says when a session was"),
        (
            CHANGE,
            {"sessions": sessions_of("DLBS").assign(age="50")},
            "sessions.tsv: nobody has two sessions with a different age",
        ),
        (
            CHANGE,
            {"sessions": sessions_of("DLBS").assign(age="old")},
            "column age: 'old' is neither a number",
        ),
    ],
)
def test_bad_tables_are_refused_in_one_line(
    question: Question, tables: dict[str, pd.DataFrame], message: str
) -> None:
    with pytest.raises(DataError, match=message) as error:
        ask("DLBS", question, **tables)
    assert "\n" not in str(error.value)


def test_nobody_with_two_sessions_is_refused_in_one_line() -> None:
    with pytest.raises(DataError, match=r"sessions: nobody has two with a value\. Change needs ses- folders"):
        compare_in_detail(DLBS_ONCE, [CHANGE], sessions=sessions_of("DLBS"))


@pytest.mark.parametrize(
    ("key", "value"), [("drug_effect_pct", 0.0), ("trial_years", -1.0), ("trial_visits", 1)]
)
def test_trials_that_cannot_be_are_refused(key: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{key}: must be above"):
        Question("a", "csa_mm2", "change", **{key: value})  # type: ignore[arg-type]
