from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softcord.data.splits import (
    Split,
    check_leakage,
    persons_of,
    read_split,
    seen_in_training,
    split_participants,
    write_split,
)
from softcord.errors import DataError, SoftcordError, UsageError

ids = st.lists(st.integers(0, 60).map("sub-{:02}".format), min_size=8, max_size=40, unique=True)
seeds = st.integers(0, 10**6)


@given(ids, seeds)
def test_everybody_is_on_one_side_exactly(participants: list[str], seed: int) -> None:
    split = split_participants(participants, seed=seed)
    assert sorted((*split.train, *split.val, *split.test)) == sorted(participants)


@given(ids, seeds, st.randoms())
def test_the_order_of_the_participants_does_not_matter(
    participants: list[str], seed: int, random: object
) -> None:
    shuffled = list(participants)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert split_participants(participants, seed=seed) == split_participants(shuffled, seed=seed)


@given(ids, seeds, st.integers(2, 4))
def test_a_person_is_never_on_two_sides(participants: list[str], seed: int, per_person: int) -> None:
    persons = {one: f"person-{int(one[4:]) // per_person}" for one in participants}
    try:
        split = split_participants(participants, seed=seed, persons=persons)
    except UsageError:  # fewer than three persons
        return
    check_leakage(split, persons)
    assert split.participants == tuple(sorted(participants))


@given(ids, seeds)
def test_a_new_participant_moves_at_most_three_others(participants: list[str], seed: int) -> None:
    before = split_participants(participants, seed=seed)
    after = split_participants([*participants, "sub-new"], seed=seed)
    assert sum(before.side(one) != after.side(one) for one in participants) <= 3


@given(ids, seeds)
def test_a_split_survives_its_file(participants: list[str], seed: int) -> None:
    import tempfile

    split = split_participants(participants, seed=seed, name="mine")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mine.yaml"
        write_split(path, split)
        again = read_split(path)
        assert [file.name for file in Path(folder).iterdir()] == ["mine.yaml"]
    assert again == split
    assert again.sha256 == split.sha256


def test_243_participants_give_the_paper_s_145_49_49() -> None:
    split = split_participants([f"sub-{i}" for i in range(243)], seed=1)
    assert (len(split.train), len(split.val), len(split.test)) == (145, 49, 49)


def test_the_paper_s_list_without_its_exclusions_is_145_49_49(shared_data: Path) -> None:
    from softcord.data.exclude import read_exclude

    split = read_split("paper_seed15")
    assert [len(side) for side in (split.train, split.val, split.test)] == [155, 52, 53]
    excluded = read_exclude(shared_data / "spine-generic" / "paper_exclusions.tsv").reasons
    left = split.restricted_to(set(split.participants) - set(excluded))
    assert [len(side) for side in (left.train, left.val, left.test)] == [145, 49, 49]


@pytest.mark.parametrize(
    ("name", "source"), [("paper_seed15", "paper_split_seed15"), ("drift_seed50", "drift_split_seed50")]
)
def test_the_splits_that_come_with_softcord_are_the_authors(
    shared_data: Path, name: str, source: str
) -> None:
    authors = read_split(shared_data / "spine-generic" / f"{source}.yaml")
    assert read_split(name).sha256 == authors.sha256


def test_28_of_the_drift_split_s_test_list_are_in_the_paper_s_training_list() -> None:
    drift, paper = read_split("drift_seed50"), read_split("paper_seed15")
    assert len(seen_in_training(paper.train, drift.test)) == 28
    assert len(set(drift.test) & set(paper.test)) == 11


def test_hold_outs_are_respected_and_bring_the_person_s_other_ids() -> None:
    ids = ["sub-1", "sub-2", "sub-3", "sub-4", "sub-5Ses1", "sub-5Ses2"]
    persons = persons_of(ids, r"(sub-[A-Za-z0-9]+?)Ses\d+")
    split = split_participants(ids, seed=0, persons=persons, test=["sub-5Ses1"], val=["sub-2"])
    assert split.test == ("sub-5Ses1", "sub-5Ses2")
    assert split.val == ("sub-2",)
    assert split.train == ("sub-1", "sub-3", "sub-4")


def test_persons_are_joined_by_pattern_and_by_list() -> None:
    ids = ["sub-aSes1", "sub-aSes2", "sub-b", "sub-c", "sub-d"]
    persons = persons_of(ids, r"(sub-[A-Za-z0-9]+?)Ses\d+", [["sub-aSes2", "sub-b"], ["sub-c", "sub-x"]])
    assert len({persons[one] for one in ids[:3]}) == 1
    assert len({persons[one] for one in ids}) == 3


def test_a_test_participant_seen_in_training_as_another_id_is_named() -> None:
    persons = {"sub-1Ses1": "1", "sub-1Ses2": "1"}
    assert seen_in_training(["sub-1Ses1", "sub-2"], ["sub-1Ses2", "sub-3"], persons) == ("sub-1Ses2",)
    assert seen_in_training(["sub-1Ses1"], ["sub-1Ses2"]) == ()


def test_the_name_does_not_change_the_hash_but_a_participant_does() -> None:
    split = Split(("a",), ("b",), ("c",), "one")
    assert split.sha256 == Split(("a",), ("b",), ("c",), "two").sha256
    assert split.sha256 != Split(("a", "d"), ("b",), ("c",), "one").sha256


def test_a_participant_on_two_sides_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "leaky.yaml"
    path.write_text("train: [sub-1, sub-2]\nval: [sub-3]\ntest: [sub-2]\n")
    with pytest.raises(UsageError, match=r"leaky: sub-2 is twice in the split \(train and test\)"):
        read_split(path)


def test_one_person_on_two_sides_is_refused_by_name() -> None:
    split = Split(("sub-1Ses1",), (), ("sub-1Ses2",), "mine")
    with pytest.raises(UsageError, match=r"sub-1Ses1 \(train\) and sub-1Ses2 \(test\) are one person"):
        check_leakage(split, {"sub-1Ses1": "1", "sub-1Ses2": "1"})


@pytest.mark.parametrize("text", ["", "[]", "train: 3", "tain: [sub-1]", "{", "train: []"])
def test_a_file_without_lists_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "split.yaml"
    path.write_text(text)
    with pytest.raises(DataError, match="split") as caught:
        read_split(path)
    assert "\n" not in str(caught.value)


def test_the_word_validation_is_read_too(tmp_path: Path) -> None:
    path = tmp_path / "split.yaml"
    path.write_text("train: [sub-1]\nvalidation: [sub-2]\ntest: [sub-3]\n")
    assert read_split(path).val == ("sub-2",)


@pytest.mark.parametrize(
    "wrong",
    [
        {"ratios": (0.6, 0.2, 0.3)},
        {"ratios": (1.2, -0.1, -0.1)},
        {"test": ["sub-9"]},
        {"test": ["sub-1"], "val": ["sub-1"]},
        {"test": ["sub-1"], "val": ["sub-2", "sub-3"]},
    ],
)
def test_wrong_wishes_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(SoftcordError, match=r"split|train, val, test"):
        split_participants(["sub-1", "sub-2", "sub-3"], seed=0, **wrong)  # type: ignore[arg-type]


def test_two_persons_are_too_few_for_three_sides() -> None:
    with pytest.raises(UsageError, match="too few"):
        split_participants(["sub-1", "sub-2"], seed=0)
