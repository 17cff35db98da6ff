from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from softcord.app.config.instantiate import build
from softcord.data.settings import (
    DataSettings,
    SplitSettings,
    make_split,
    read_index,
    read_persons,
)
from softcord.errors import SoftcordError, UsageError

CONF = Path(__file__).parents[2] / "conf"


def settings(group: str, choice: str, **changes: object) -> object:
    node = yaml.safe_load((CONF / group / f"{choice}.yaml").read_text()) | changes
    node["name"] = node["name"] or "mine"
    return build(node, group)


@pytest.fixture
def paper_participants(release: Callable[[str], Path]) -> list[str]:
    data = settings("data", "spine_generic", root=str(release("r20250310")))
    assert isinstance(data, DataSettings)
    return list(read_index(data)["participant_id"].unique())


def test_the_shipped_exclusions_are_the_paper_s_24(shared_data: Path) -> None:
    from softcord.data.exclude import read_exclude

    data = settings("data", "spine_generic", root=".")
    assert isinstance(data, DataSettings)
    paper = read_exclude(shared_data / "spine-generic" / "paper_exclusions.tsv")
    assert sorted(data.exclude) == sorted(paper.reasons)


@pytest.mark.parametrize(
    ("choice", "sizes"),
    [("paper", (145, 49, 49)), ("drift_seed50", (158, 36, 49)), ("seeded", (145, 49, 49))],
)
def test_spine_generic_is_split_as_published(
    paper_participants: list[str], choice: str, sizes: tuple[int, int, int]
) -> None:
    wanted = settings("split", choice)
    assert isinstance(wanted, SplitSettings)
    split = make_split(wanted, paper_participants, {})
    assert (len(split.train), len(split.val), len(split.test)) == sizes
    assert len(paper_participants) == sum(sizes) == 243


def test_the_two_visits_of_one_person_in_real_mini_stay_together(shared_data: Path) -> None:
    data = settings("data", "bids", root=str(shared_data / "real-mini"))
    assert isinstance(data, DataSettings)
    participants = set(read_index(data)["participant_id"])
    persons = read_persons(data, participants)
    for seed in range(20):
        split = make_split(SplitSettings("seeded", seed=seed), participants, persons)
        assert split.side("sub-gm9709Ses1") == split.side("sub-gm9709Ses2")


def test_exclusions_may_be_entries_or_a_file_in_the_dataset(cord: Path) -> None:
    (cord / "exclude.yml").write_text("motion:\n- sub-01  # moved\nbroken:\n- sub-02_T1w\n")
    every = read_index(DataSettings("cord", cord, exclude="exclude.yml"))
    assert list(every["image"].map(lambda path: Path(path).name)) == ["sub-02_T2w.nii.gz"]
    some = read_index(DataSettings("cord", cord, exclude=("exclude.yml",), exclude_purposes=("broken",)))
    assert len(some) == 3
    assert len(read_index(DataSettings("cord", cord, exclude=("sub-01", "sub-02_T2w")))) == 1


def test_chosen_participants_only(cord: Path) -> None:
    table = read_index(DataSettings("cord", cord, participants=("sub-02",)))
    assert set(table["participant_id"]) == {"sub-02"}
    with pytest.raises(UsageError, match=r"participants: sub-03 is not in"):
        read_index(DataSettings("cord", cord, participants=("sub-03",)))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("image_names", {"T2": "x"}),
        ("label_names", {"seg": "x"}),
        ("person_pattern", "("),
        ("person_pattern", "sub-.*"),
        ("missing_labels", "ignore"),
        ("rot", "x"),
    ],
)
def test_a_wrong_data_setting_is_named(key: str, value: object) -> None:
    with pytest.raises(SoftcordError, match=rf"^data\.{key}"):
        settings("data", "bids", root=".", **{key: value})


@pytest.mark.parametrize("changes", [{"train": 0.9}, {"file": "x.yaml", "hold_out_test": ["sub-1"]}])
def test_a_wrong_split_setting_is_named(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match=r"^split\.(train|file)"):
        settings("split", "seeded", **changes)


def test_a_split_of_another_dataset_is_one_line() -> None:
    with pytest.raises(SoftcordError, match="names nobody of this dataset"):
        make_split(SplitSettings("paper", file="paper_seed15"), ["sub-01"], {})


@pytest.mark.parametrize("name", ["../elsewhere", "a/b", ".hidden", "two words"])
def test_a_dataset_s_name_can_name_a_folder(name: str) -> None:
    with pytest.raises(UsageError, match="name"):
        settings("data", "spine_generic", name=name)
