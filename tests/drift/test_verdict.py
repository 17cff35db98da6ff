"""The gate's verdict: planted shifts are told apart, and none of the usual tricks hides one."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.weightstats import ttost_paired

from softcord.drift.needed import participants_needed
from softcord.drift.sentence import sentence
from softcord.drift.settings import DriftSettings
from softcord.drift.verdict import decide, differences_of, mean_equivalence_p
from tests.drift.cohorts import cohort

ONE_MM2 = DriftSettings(1.0)
COHORTS = 200


def outcomes(shift_mm2: float, seed: int = 0, **how: object) -> Counter[str]:
    rng = np.random.default_rng(seed)
    return Counter(decide(cohort(rng, shift_mm2, **how), ONE_MM2).outcome for _ in range(COHORTS))  # type: ignore[arg-type]


ONE_CONTRAST_OR_THREE = pytest.mark.parametrize(
    "contrasts", [("T2w",), pytest.param(("T1w", "T2w", "T2star"), marks=pytest.mark.slow)]
)


@ONE_CONTRAST_OR_THREE
def test_a_planted_shift_of_0_passes(contrasts: tuple[str, ...]) -> None:
    assert outcomes(0.0, contrasts=contrasts)["equivalent"] >= 0.95 * COHORTS


@ONE_CONTRAST_OR_THREE
def test_a_planted_shift_of_twice_the_margin_is_caught_in_95_of_100_cohorts_of_20(
    contrasts: tuple[str, ...],
) -> None:
    for shift_mm2 in (2.0, -2.0):
        assert outcomes(shift_mm2, contrasts=contrasts)["shifted"] >= 0.95 * COHORTS


@ONE_CONTRAST_OR_THREE
def test_at_the_margins_edge_at_most_5_of_100_cohorts_pass_or_are_called_shifted_wrongly(
    contrasts: tuple[str, ...],
) -> None:
    found = outcomes(1.0, seed=1, contrasts=contrasts)
    assert found["equivalent"] <= 0.05 * COHORTS
    assert found["shifted"] <= 0.05 * COHORTS


def test_opposite_shifts_of_two_contrasts_do_not_cancel() -> None:
    images = cohort(np.random.default_rng(0), 0.0, contrasts=("T1w", "T2w"))
    images["new_mm2"] += np.where(images["contrast"] == "T1w", 3.0, -3.0)
    verdict = decide(images, ONE_MM2)
    assert verdict.overall.outcome == "equivalent"
    assert verdict.outcome == "shifted"
    assert [one.name for one in verdict.of("shifted")] == ["T1w", "T2w"]


def test_a_few_participants_who_moved_far_are_not_hidden_by_ranks() -> None:
    images = cohort(np.random.default_rng(0), 0.0, contrasts=("T2w",), sd_person_mm2=0.1, sd_image_mm2=0.1)
    images.loc[images.index[:3], "new_mm2"] -= 20.0
    verdict = decide(images, ONE_MM2)
    assert abs(verdict.overall.shift.estimate) < 0.2
    assert verdict.outcome == "cannot tell"


def test_a_group_that_shifted_is_not_averaged_away() -> None:
    images = cohort(np.random.default_rng(0), 0.0, people=40, contrasts=("T2w",))
    images["site"] = np.where(np.arange(40) < 8, "a", "b")
    images.loc[images["site"] == "a", "new_mm2"] += 4.0
    assert decide(images, DriftSettings(1.5)).outcome == "equivalent"
    verdict = decide(images, DriftSettings(1.5), ["site"])
    assert verdict.outcome == "shifted"
    assert [one.name for one in verdict.of("shifted")] == ["a"]


def test_a_lost_cord_is_a_shift_unless_it_is_allowed() -> None:
    images = cohort(np.random.default_rng(0), 0.0)
    images.loc[0, ["new_mm2", "old_mm2"]] = np.nan
    images.loc[0, "new_failed"] = True
    verdict = decide(images, ONE_MM2)
    assert (verdict.outcome, verdict.failures_gained) == ("shifted", 1)
    assert "1 image lost its cord" in sentence(verdict, ONE_MM2, "old", "new")
    assert decide(images, DriftSettings(1.0, failures_allowed=1)).outcome == "equivalent"


def test_a_cord_that_only_the_new_model_finds_is_no_shift() -> None:
    images = cohort(np.random.default_rng(0), 0.0)
    images.loc[0, ["new_mm2", "old_mm2"]] = np.nan
    images.loc[0, "old_failed"] = True
    verdict = decide(images, ONE_MM2)
    assert (verdict.outcome, verdict.failures_lost) == ("equivalent", 1)


def test_images_of_one_participant_count_once() -> None:
    images = cohort(np.random.default_rng(0), 0.4, people=8, contrasts=("T2w",))
    once, thrice = decide(images, ONE_MM2), decide(pd.concat([images] * 3), ONE_MM2)
    assert thrice.overall.participants == 8
    assert thrice.overall.p_equivalent == once.overall.p_equivalent


def test_a_participant_is_the_mean_over_contrasts_however_many_images_each_has() -> None:
    images = pd.DataFrame(
        {
            "participant_id": "sub-01",
            "contrast": ["T1w", "T2w", "T2w", "T2w"],
            "old_mm2": 70.0,
            "new_mm2": [74.0, 70.0, 70.0, 70.0],
        }
    )
    images["difference"] = images["new_mm2"] - images["old_mm2"]
    assert differences_of(images).tolist() == [2.0]


def test_few_participants_cannot_tell_and_are_told_how_many_would() -> None:
    images = cohort(np.random.default_rng(0), 0.0, people=4, contrasts=("T2w",))
    verdict = decide(images, ONE_MM2)
    assert verdict.outcome == "cannot tell"
    assert "at least 6 participants" in sentence(verdict, ONE_MM2, "old", "new")


def test_the_number_that_would_tell_does_tell_in_about_80_of_100_cohorts() -> None:
    needed = participants_needed(0.3, 1.5, 1.0)
    assert needed is not None
    found = outcomes(0.3, people=needed, contrasts=("T2w",), sd_person_mm2=1.5, sd_image_mm2=0.0)
    assert 0.7 * COHORTS <= found["equivalent"] <= 0.92 * COHORTS


def test_no_number_is_promised_where_the_shift_is_the_margin() -> None:
    assert participants_needed(1.0, 0.5, 1.0) is None
    assert participants_needed(1.001, 2.0, 1.0) is None


def test_a_shift_within_the_margin_that_is_surely_there_is_said() -> None:
    images = cohort(np.random.default_rng(0), 0.5, sd_person_mm2=0.1, sd_image_mm2=0.1)
    said = sentence(decide(images, ONE_MM2), ONE_MM2, "old", "new")
    assert said.startswith("Equivalent: new measures C2-C3 CSA as old does, within 1 mm²")
    assert said.endswith("a small shift is there all the same.")


def test_two_one_sided_t_tests_are_those_of_statsmodels() -> None:
    d = np.random.default_rng(0).normal(0.3, 1.0, 25)
    assert mean_equivalence_p(d, 1.0) == pytest.approx(ttost_paired(d, np.zeros(25), -1.0, 1.0)[0])


def test_identical_areas_are_equivalent() -> None:
    images = cohort(np.random.default_rng(0), 0.0, people=6)
    images["new_mm2"] = images["old_mm2"]
    assert decide(images, ONE_MM2).outcome == "equivalent"


@pytest.mark.parametrize("margin_mm2", [0.0, -1.0, float("nan"), float("inf")])
def test_a_margin_in_which_nothing_or_everything_lies_is_refused(margin_mm2: float) -> None:
    with pytest.raises(ValueError, match="margin_mm2: must be above 0"):
        DriftSettings(margin_mm2)
