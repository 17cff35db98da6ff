"""The score that ranks failures first, on drawn participants whose failures are planted."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

import softcord
from softcord.phantom.settings import PhantomSettings
from softcord.uncertainty.quality import Quality, quality_of
from tests.uncertainty.planted import FAILURES

SEED = 4711  # not the one that the score's units were set on
AT_LEAST = 0.95


@pytest.fixture(scope="module")
def scores() -> dict[str, list[float]]:
    """Scores of good masks (``good``), drawn and true, and of each planted failure."""
    rng = np.random.default_rng(SEED)
    found: dict[str, list[float]] = {name: [] for name in ("good", *FAILURES)}
    for number in (1, 2, 3):
        drawn = softcord.phantom_participant(number, settings=replace(PhantomSettings(), seed=SEED))
        for contrast, image in drawn.images.items():
            mask = (drawn.hard_segs if number % 2 else drawn.truth_softsegs)[contrast]
            found["good"].append(quality_of(image, mask).score)
            for name, plant in FAILURES.items():
                found[name].append(quality_of(image, plant(mask, rng)).score)
    return found


def roc_auc(failed: list[float], good: list[float]) -> float:
    pairs = np.subtract.outer(good, failed)
    return float((pairs > 0).mean() + 0.5 * (pairs == 0).mean())


def test_failures_of_all_kinds_rank_before_good_masks(scores: dict[str, list[float]]) -> None:
    failed = [score for name in FAILURES for score in scores[name]]
    assert roc_auc(failed, scores["good"]) >= AT_LEAST


@pytest.mark.parametrize("kind", FAILURES)
def test_failures_of_each_kind_rank_before_good_masks(kind: str, scores: dict[str, list[float]]) -> None:
    assert roc_auc(scores[kind], scores["good"]) >= (0.9 if kind == "missing end" else AT_LEAST)


def told(kind: str) -> Iterator[Quality]:
    drawn = softcord.phantom_participant(contrasts=["T2w"])
    mask = FAILURES[kind](drawn.truth_softsegs["T2w"], np.random.default_rng(0))
    yield quality_of(drawn.images["T2w"], mask)


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        ("leak", "its area jumps from slice to slice"),
        ("missing end", "the cord goes on beyond its end"),
        ("another part", "it has parts that are not connected"),
        ("elsewhere", "it does not differ from what surrounds it"),
        ("empty", "it is empty"),
    ],
)
def test_a_failure_is_told_by_what_is_wrong_with_it(kind: str, reason: str) -> None:
    assert reason in next(told(kind)).reasons


def test_readings_that_disagree_lower_the_score() -> None:
    drawn = softcord.phantom_participant(contrasts=["T2star"])
    image, mask = drawn.images["T2star"], drawn.truth_softsegs["T2star"]
    assert (
        quality_of(image, mask, 0.5).score
        < quality_of(image, mask, 0.02).score
        < quality_of(image, mask).score
    )


def test_a_score_does_not_depend_on_how_the_file_is_turned() -> None:
    drawn = softcord.phantom_participant(contrasts=["T2w"])
    image, mask = drawn.images["T2w"], drawn.truth_softsegs["T2w"]
    turned = [
        softcord.Volume(np.flip(one.data, 1), one.affine @ flip(one.data.shape[1])) for one in (image, mask)
    ]
    assert quality_of(*turned).score == pytest.approx(quality_of(image, mask).score, abs=1e-6)


def flip(n: int) -> np.ndarray:
    matrix = np.diag([1.0, -1.0, 1.0, 1.0])
    matrix[1, 3] = n - 1
    return matrix
