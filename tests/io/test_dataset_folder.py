"""Of two datasets of one name each keeps its own results."""

from pathlib import Path

from softcord.io.dataset_folder import dataset_folder


def test_two_datasets_of_one_name_have_two_folders_and_each_finds_its_own_again(tmp_path: Path) -> None:
    first, second = tmp_path / "a/study", tmp_path / "b/study"
    folders = [dataset_folder(tmp_path / "check", "study", root) for root in (first, second, first, second)]
    assert [folder.name for folder in folders] == ["study", "study-2", "study", "study-2"]


def test_a_folder_that_does_not_say_whose_it_is_is_taken_over_once(tmp_path: Path) -> None:
    (tmp_path / "check/study").mkdir(parents=True)
    (tmp_path / "check/study/dataset.json").write_text("not json")
    assert dataset_folder(tmp_path / "check", "study", tmp_path / "a").name == "study"
    assert dataset_folder(tmp_path / "check", "study", tmp_path / "b").name == "study-2"
