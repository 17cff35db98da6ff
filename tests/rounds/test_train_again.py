"""`experiment=train_again`: who trains of those whose masks were corrected, and what stands beside them."""

from pathlib import Path

import numpy as np
import pytest

import softcord
from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.inputs.training_data import open_dataset
from softcord.errors import DataError
from softcord.review.masks import ReviewMask, find_review_masks
from softcord.rounds.drafts import label_path, take_back, write_draft
from tests.rounds.test_rounds import save

PEOPLE, CORRECTED = 12, 6


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Twelve people with one image and its prediction each, of which six were corrected."""
    root, cord = tmp_path / "bids", np.zeros((8, 8, 6), np.float32)
    cord[3:6, 3:6] = 1
    for number in range(1, PEOPLE + 1):
        stem = f"sub-{number:02}/anat/sub-{number:02}_T2w"
        softcord.write_volume(root / f"{stem}.nii.gz", cord * number, np.eye(4))
        mask = root / f"derivatives/softcord-m/{stem}_label-SC_softseg.nii.gz"
        softcord.write_volume(mask, cord * np.float32(0.9), np.eye(4))
    return root


def mask_of_person(root: Path, number: int) -> ReviewMask:
    return next(one for one in find_review_masks(root) if one.participant_id == f"sub-{number:02}")


def correct(root: Path, people: int) -> None:
    for number in range(1, people + 1):
        one = mask_of_person(root, number)
        draft = write_draft(root, one)
        save(draft, softcord.read_volume(draft).data * np.float32(0.9))
        take_back(root, one, "Ada")
        assert label_path(root, one).exists()


def plan_of(root: Path, *more: str) -> Plan:
    words = (f"data.root={root}", "contrasts=[T2w]", f"paths.data={root.parent / 'data'}")
    return make_plan(compose("experiment=train_again", *words, *more))


def test_all_corrected_but_one_in_ten_train_and_nobody_else_takes_part(root: Path) -> None:
    correct(root, CORRECTED)
    dataset = open_dataset(plan_of(root))
    assert (len(dataset.train), len(dataset.val)) == (CORRECTED - 1, 1)
    assert set(dataset.split.participants) == {f"sub-{number:02}" for number in range(1, CORRECTED + 1)}
    # Nobody is kept from training to be tested: the masks of the next round are the test.
    assert list(dataset.test["image"]) == list(dataset.val["image"])


def test_everybody_corrected_trains_or_validates_as_more_join(root: Path) -> None:
    for people in (2, 10):
        correct(root, people)
        dataset = open_dataset(plan_of(root))
        assert (len(dataset.train), len(dataset.val)) == (people - 1, 1)


def test_without_a_corrected_mask_it_says_so(root: Path) -> None:
    with pytest.raises(DataError, match="nobody has a soft label of T2w"):
        open_dataset(plan_of(root))


def test_measuring_those_who_are_tested_says_that_there_are_none(root: Path) -> None:
    correct(root, CORRECTED)
    with pytest.raises(DataError, match="measured_on=val"):
        open_dataset(plan_of(root, "measured_on=test"))


def test_somebody_held_out_without_a_label_is_named_as_that(root: Path) -> None:
    correct(root, CORRECTED)
    with pytest.raises(DataError, match="sub-12 is held out and has no soft label of T2w"):
        open_dataset(plan_of(root, "split.hold_out_test=[sub-12]", "measured_on=test"))
