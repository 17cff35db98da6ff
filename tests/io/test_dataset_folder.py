"""Of two datasets of one name each keeps its own results."""

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from softcord.io import dataset_folder as module
from softcord.io.dataset_folder import claim_dataset_folder, dataset_folder


def test_two_datasets_of_one_name_have_two_folders_and_each_finds_its_own_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a/study", tmp_path / "b/study"
    roots = (first, second, first, second)
    folders = [claim_dataset_folder(tmp_path / "check", "study", root) for root in roots]
    assert [folder.name for folder in folders] == ["study", "study-2", "study", "study-2"]
    assert [dataset_folder(tmp_path / "check", "study", root) for root in roots] == folders


def test_a_folder_that_does_not_say_whose_it_is_is_taken_over_once(tmp_path: Path) -> None:
    (tmp_path / "check/study").mkdir(parents=True)
    (tmp_path / "check/study/dataset.json").write_text("not json")
    assert claim_dataset_folder(tmp_path / "check", "study", tmp_path / "a").name == "study"
    assert claim_dataset_folder(tmp_path / "check", "study", tmp_path / "b").name == "study-2"


def test_asking_for_a_folder_writes_nothing(tmp_path: Path) -> None:
    assert dataset_folder(tmp_path / "check", "study", tmp_path / "a") == tmp_path / "check/study"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names",
    [("study", "study", "study"), ("study", "study-2")],
    ids=["one name", "names like those of further folders"],
)
def test_datasets_that_come_at_once_share_no_folder(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = module._owner

    def slow_look(folder: Path) -> str | None:
        owner = look(folder)
        time.sleep(0.01)  # so that all of them have looked before the first could have written
        return owner

    monkeypatch.setattr(module, "_owner", slow_look)
    roots = [tmp_path / f"{n}/study" for n in range(len(names))]
    claim_dataset_folder(tmp_path / "check", "study", tmp_path / "first/study")
    with ThreadPoolExecutor(len(roots)) as pool:
        folders = list(pool.map(partial(claim_dataset_folder, tmp_path / "check"), names, roots))
    assert len(set(folders)) == len(names)
    assert [dataset_folder(tmp_path / "check", *one) for one in zip(names, roots, strict=True)] == folders
