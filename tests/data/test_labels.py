from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.data.index import index_dataset
from softcord.data.labels import choose_labels, labelled_participants
from softcord.errors import DataError, UsageError
from tests.data.pointers import POINTER

Tree = Callable[..., Path]

HARD = "derivatives/labels/sub-{0}/anat/sub-{0}_T2w_label-SC_seg.nii.gz"
SOFT = "derivatives/labels_softseg/sub-{0}/anat/sub-{0}_T2w_label-SC_softseg.nii.gz"


@pytest.fixture
def root(tree: Tree) -> Path:
    images = [f"sub-0{i}/anat/sub-0{i}_T2w.nii.gz" for i in (1, 2)]
    return tree(*images, HARD.format("01"), HARD.format("02"), SOFT.format("01"))


def test_each_ground_truth_has_its_own_file(root: Path) -> None:
    table = index_dataset(root)
    assert list(choose_labels(table, "hard")["label"]) == list(table["hard_seg"])
    soft = choose_labels(table[:1], "soft")
    assert soft["label"][0].endswith("_label-SC_softseg.nii.gz")


def test_a_missing_soft_label_is_named_with_the_way_out(root: Path) -> None:
    expected = r"labels: 1 of 2 images have no soft label: sub-02 T2w\. Build soft labels first"
    with pytest.raises(DataError, match=expected):
        choose_labels(index_dataset(root), "soft")


def test_images_without_label_are_left_out_on_request_only(root: Path) -> None:
    table = choose_labels(index_dataset(root), "soft", missing="skip")
    assert list(table["participant_id"]) == ["sub-01"]


def test_who_is_labelled_is_who_has_the_label_or_what_it_is_built_from(root: Path) -> None:
    table = index_dataset(root)
    assert labelled_participants(table, "hard", or_masks=False) == ["sub-01", "sub-02"]
    assert labelled_participants(table, "soft", or_masks=False) == ["sub-01"]
    assert labelled_participants(table, "soft", or_masks=True) == ["sub-01", "sub-02"]


def test_no_label_at_all_is_an_error_even_then(root: Path) -> None:
    with pytest.raises(DataError, match="2 of 2 images have no soft_bin label"):
        choose_labels(index_dataset(root), "soft_bin", missing="skip")


def test_a_label_that_is_not_downloaded_is_named(root: Path, tree: Tree) -> None:
    tree(HARD.format("02"), content=POINTER)
    with pytest.raises(DataError, match=r"sub-02_T2w_label-SC_seg.*not downloaded.*git annex get"):
        choose_labels(index_dataset(root), "hard")


def test_an_unknown_ground_truth_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="unknown ground truth 'sfot'"):
        choose_labels(index_dataset(root), "sfot")  # type: ignore[arg-type]
