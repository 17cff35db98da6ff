"""Drawn people are as large, and as different from each other, as the people that were measured."""

import csv

import numpy as np
import pytest

from softcord.synthetic.sizes import LEVELS, SIZES, draw_person

PEOPLE = [draw_person(np.random.default_rng(seed)) for seed in range(1500)]
CORD_MM2 = np.array([np.pi / 4 * person.cord_ap * person.cord_rl for person in PEOPLE])


def test_the_table_holds_every_level_and_no_more() -> None:
    with SIZES.open(encoding="utf-8", newline="") as file:
        assert tuple(int(row["level"]) for row in csv.DictReader(file)) == LEVELS


# Percentiles 5, 50 and 95 of the measured areas, of people with a level seen: spine-generic (203 people)
# for the neck, whole-spine (48) for T8.
@pytest.mark.parametrize(
    ("level", "measured_mm2"), [(2, (63, 71, 85)), (3, (63, 72, 85)), (5, (65, 75, 91)), (15, (31, 37, 44))]
)
def test_areas_have_the_percentiles_that_were_measured(
    level: int, measured_mm2: tuple[float, float, float]
) -> None:
    drawn = np.percentile(CORD_MM2[:, level - 1], (5, 50, 95))
    assert drawn == pytest.approx(measured_mm2, rel=0.06)


def test_neighbouring_levels_are_more_alike_than_far_ones() -> None:
    logs = np.log(CORD_MM2)
    near, far = (np.corrcoef(logs[:, 2], logs[:, other])[0, 1] for other in (3, 12))
    assert near == pytest.approx(0.85, abs=0.08)
    assert far == pytest.approx(0.5, abs=0.1)


def test_whoever_has_a_large_cord_tends_to_have_a_wide_canal() -> None:
    cord = np.log([person.cord_rl[3] for person in PEOPLE])
    canal = np.log([person.canal_rl[3] for person in PEOPLE])
    assert np.corrcoef(cord, canal)[0, 1] == pytest.approx(0.55, abs=0.1)


def test_a_wider_spread_leaves_the_middle_where_it_is() -> None:
    wide = [draw_person(np.random.default_rng(seed), 2.0).cord_ap[3] for seed in range(1500)]
    usual = [person.cord_ap[3] for person in PEOPLE]
    assert np.median(wide) == pytest.approx(np.median(usual), rel=0.02)
    assert np.std(np.log(wide)) == pytest.approx(2 * np.std(np.log(usual)), rel=0.2)
