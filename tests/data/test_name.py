"""A dataset is called what it calls itself, else after its folder."""

import json
from pathlib import Path

import pytest

from softcord.data.leakage import seen_participants
from softcord.data.name import dataset_name
from softcord.predict.package import TrainedOn


@pytest.mark.parametrize(
    ("folder", "content", "name"),
    [
        ("lab", {"Name": "My study (2024)"}, "My-study-2024"),
        ("lab", {"Name": ""}, "lab"),
        ("lab", {}, "lab"),
        ("lab", {"Name": "BIDS dataset"}, "lab"),
        ("data", {"Name": "dataset"}, "dataset"),
        ("lab", {"Name": "../../etc/passwd"}, "etc-passwd"),
        ("lab", {"Name": "x" * 500}, "x" * 60),
        ("lab", ["no", "object"], "lab"),
        ("rückenmark", {}, "r-ckenmark"),
    ],
)
def test_its_own_name_comes_first_and_can_be_a_folder_s(
    folder: str, content: object, name: str, tmp_path: Path
) -> None:
    root = tmp_path / folder
    root.mkdir()
    (root / "dataset_description.json").write_text(json.dumps(content))
    assert dataset_name(root) == name


def test_a_damaged_description_and_an_absent_folder_leave_the_folder_s_name(tmp_path: Path) -> None:
    (tmp_path / "dataset_description.json").write_text("{")
    assert dataset_name(tmp_path) == dataset_name(tmp_path / "x/..") == tmp_path.name
    assert dataset_name(tmp_path / "absent") == "absent"


def trained_on(dataset: str, content: str) -> TrainedOn:
    return TrainedOn(dataset, "id", ("T2w",), ("sub-P01",), (), (content,))


@pytest.mark.parametrize(
    ("name", "content", "is_seen"),
    [("bids", "a", False), ("bids", "b", True), ("lab", "a", True), ("elsewhere", "b", True)],
)
def test_ids_of_datasets_whose_name_says_nothing_leak_by_content_only(
    name: str, content: str, is_seen: bool
) -> None:
    model = [trained_on("bids" if name == "bids" else "lab", "a" * 16)]
    images = {"sub-P01": ["image.nii.gz"]}
    other = {"a": "c" * 64, "b": "a" * 64}[content]
    assert bool(seen_participants(model, name, images, lambda _path: other)) is is_seen
