"""How often intervals hold, with participants as the unit."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from softcord.uncertainty.coverage import coverage, held_references
from softcord.uncertainty.interval import Calibration, with_intervals
from tests.uncertainty.test_readings import run_rows


@given(st.lists(st.booleans(), min_size=1, max_size=40))
def test_of_one_area_each_it_is_the_interval_of_a_share(inside: list[bool]) -> None:
    found = coverage(pd.Series(inside), pd.Series([f"sub-{i}" for i in range(len(inside))]))
    low, high = proportion_confint(sum(inside), len(inside), method="wilson")
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-6)


def test_many_areas_of_one_participant_count_as_one() -> None:
    people = pd.Series(["a"] * 98 + ["b", "c"])
    found = coverage(pd.Series([False] * 98 + [True, True]), people)
    assert found.share == pytest.approx(2 / 3)
    assert (found.participants, found.areas) == (3, 100)


def test_its_own_interval_holds_the_share_where_areas_of_a_participant_resemble_each_other() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        own = rng.beta(9, 1, 30)  # 90 % over participants
        inside = rng.uniform(size=(30, 4)) < own[:, None]
        found = coverage(pd.Series(inside.ravel()), pd.Series(np.repeat(np.arange(30), 4).astype(str)))
        held += found.low <= 0.9 <= found.high
    assert held >= 0.95 * 300


def test_a_runs_intervals_are_held_against_its_reference() -> None:
    measures = with_intervals(run_rows(5), Calibration(0.9, 1.0, 1.0, (), 9, 9))  # half of it is 3 mm²
    assert held_references(measures)["inside"].tolist() == [False] * 5
    measures = with_intervals(run_rows(5), Calibration(0.9, 2.0, 1.0, (), 9, 9))
    assert held_references(measures)["inside"].tolist() == [True] * 5
