import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.data.exclude import exclude_entries
from softcord.data.index import INDEX_COLUMNS, index_dataset, scan_dataset
from softcord.errors import DataError
from tests.data.pointers import POINTER

Tree = Callable[..., Path]

SIX = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
IMAGES = (267, 267, 267, 259, 254)


def counts(root: Path, kind: str) -> tuple[int, ...]:
    found = Counter(key[2] for key, column in scan_dataset(root).labels if column == kind)
    return tuple(found[contrast] for contrast in SIX)


def test_counts_of_release_r20231212_are_those_published(release: Callable[[str], Path]) -> None:
    root = release("r20231212")
    table = index_dataset(root)
    images = table["contrast"].value_counts()
    assert tuple(images.get(contrast, 0) for contrast in SIX) == (*IMAGES, 0)
    assert counts(root, "hard_seg") == (267, 267, 266, 259, 254, 260)
    assert counts(root, "soft_seg") == (260, 260, 260, 252, 248, 256)
    assert counts(root, "discs") == (267, 267, 0, 0, 0, 0)
    assert set(table["image_state"]) == {"not_downloaded"}
    assert set(table.dropna(subset="hard_seg")["naming"]) == {"old"}


def test_counts_of_release_r20250310_are_those_published(release: Callable[[str], Path]) -> None:
    root = release("r20250310")
    table = index_dataset(root)
    images = table["contrast"].value_counts()
    assert tuple(images[contrast] for contrast in SIX) == (*IMAGES, 263)
    assert table["participant_id"].nunique() == 267
    assert counts(root, "hard_seg") == (267, 267, 266, 259, 254, 260)
    assert counts(root, "soft_seg") == counts(root, "soft_bin_seg") == (243,) * 6
    assert counts(root, "discs") == (267, 267, 243, 243, 243, 243)
    assert set(table["naming"]) == {"new"}
    assert table["findings"].isna().all()


def test_real_mini_has_a_hard_mask_for_each_of_its_twelve_images(shared_data: Path) -> None:
    table = index_dataset(shared_data / "real-mini")
    assert len(table) == 12
    assert table["hard_seg"].notna().all()
    assert set(table["image_state"]) == {"present"}
    assert table.set_index("participant_id").loc["sub-sctB", ["discs", "levels"]].notna().all()


def test_a_row_holds_absolute_paths_and_none_where_there_is_no_file(tree: Tree) -> None:
    root = tree(
        "sub-01/anat/sub-01_T2w.nii.gz",
        "derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz",
        "derivatives/labels_softseg/sub-01/anat/sub-01_T2w_label-SC_softseg.nii.gz",
        "derivatives/labels_softseg_bin/sub-01/anat/sub-01_T2w_desc-softseg_label-SC_seg.nii.gz",
        "derivatives/truth/sub-01/anat/sub-01_T2w_label-SC_truth.nii.gz",
    )
    table = index_dataset(root)
    assert tuple(table.columns) == INDEX_COLUMNS
    row = table.iloc[0]
    assert row["image"] == str(root / "sub-01/anat/sub-01_T2w.nii.gz")
    assert row["hard_seg"].endswith("labels/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz")
    assert row["soft_seg"].endswith("T2w_label-SC_softseg.nii.gz")
    assert row["soft_bin_seg"].endswith("desc-softseg_label-SC_seg.nii.gz")
    assert row["truth_softseg"].endswith("T2w_label-SC_truth.nii.gz")
    assert row["discs"] is None
    assert row["session_id"] == "n/a"


def test_sessions_are_rows_of_their_own_with_labels_of_their_own(tree: Tree) -> None:
    root = tree(
        "sub-01/ses-a/anat/sub-01_ses-a_T2w.nii.gz",
        "sub-01/ses-b/anat/sub-01_ses-b_T2w.nii.gz",
        "derivatives/labels/sub-01/ses-b/anat/sub-01_ses-b_T2w_label-SC_seg.nii.gz",
    )
    table = index_dataset(root)
    assert list(table["session_id"]) == ["ses-a", "ses-b"]
    assert list(table["hard_seg"].isna()) == [True, False]


def test_old_names_of_images_and_labels_are_read(tree: Tree) -> None:
    root = tree(
        "sub-01/anat/sub-01_acq-MTon_MTS.nii.gz",
        "derivatives/labels/sub-01/anat/sub-01_acq-MTon_MTS_seg-manual.nii.gz",
        "derivatives/labels_softseg/sub-01/anat/sub-01_acq-MTon_MTS_softseg.nii.gz",
    )
    row = index_dataset(root).iloc[0]
    assert (row["contrast"], row["naming"]) == ("MTon", "old")
    assert row["hard_seg"].endswith("seg-manual.nii.gz")
    assert row["soft_seg"].endswith("_softseg.nii.gz")


def test_of_two_files_for_one_contrast_the_new_name_is_used_and_the_other_one_reported(tree: Tree) -> None:
    root = tree(
        "sub-01/anat/sub-01_acq-MTon_MTS.nii.gz",
        "sub-01/anat/sub-01_flip-1_mt-on_MTS.nii.gz",
    )
    table = index_dataset(root)
    assert len(table) == 1
    assert table["image"][0].endswith("flip-1_mt-on_MTS.nii.gz")
    assert table["findings"][0] == (
        "not used: sub-01_acq-MTon_MTS.nii.gz (sub-01_flip-1_mt-on_MTS.nii.gz is used)"
    )


def test_predictions_and_source_data_are_not_taken_for_images_or_labels(tree: Tree) -> None:
    root = tree(
        "sub-01/anat/sub-01_T2w.nii.gz",
        "sourcedata/sub-02/anat/sub-02_T2w.nii.gz",
        "derivatives/softcord-run/sub-01/anat/sub-01_T2w_label-SC_softseg.nii.gz",
    )
    table = index_dataset(root)
    assert list(table["participant_id"]) == ["sub-01"]
    assert table["soft_seg"][0] is None


def test_annex_pointers_and_broken_links_are_told_apart(tree: Tree) -> None:
    root = tree("sub-01/anat/sub-01_T1w.nii.gz")
    tree("sub-01/anat/sub-01_T2w.nii.gz", content=POINTER)
    tree("sub-01/anat/sub-01_T2star.nii.gz", content="")
    os.symlink(
        "../../.git/annex/objects/aa/bb/SHA256E-s1--00", root / "sub-01/anat/sub-01_flip-1_mt-on_MTS.nii.gz"
    )
    os.symlink("/nowhere", root / "sub-01/anat/sub-01_flip-2_mt-off_MTS.nii.gz")
    states = index_dataset(root).set_index("contrast")["image_state"].to_dict()
    assert states == {
        "T1w": "present",
        "T2w": "not_downloaded",
        "T2star": "broken",
        "MTon": "not_downloaded",
        "GREt1w": "broken",
    }


def test_excluded_participants_images_and_sites_are_left_out(tree: Tree) -> None:
    root = tree(
        *(f"sub-{p}/anat/sub-{p}_{c}.nii.gz" for p in ("a1", "b1", "b2", "bc1") for c in ("T1w", "T2w"))
    )
    table = index_dataset(root, exclude=exclude_entries(["sub-a1_T2w", "b"]))
    assert list(zip(table["participant_id"], table["contrast"], strict=True)) == [
        ("sub-a1", "T1w"),
        ("sub-bc1", "T1w"),
        ("sub-bc1", "T2w"),
    ]


def test_a_dataset_with_its_own_names_is_read(tree: Tree) -> None:
    root = tree("sub-01/anat/sub-01_acq-sag_T2w.nii.gz")
    masks = tree("masks/labels/sub-01/anat/sub-01_acq-sag_T2w_cord.nii.gz") / "masks"
    table = index_dataset(
        root, derivatives=masks, image_names={"T2w": "acq-sag_T2w"}, label_names={"hard_seg": "cord"}
    )
    assert list(table["contrast"]) == ["T2w"]
    assert table["hard_seg"][0].endswith("_cord.nii.gz")


def test_a_missing_root_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere: is not a folder\. Name the folder"):
        index_dataset(tmp_path / "nowhere")


def test_an_empty_dataset_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="holds no image of a known contrast"):
        index_dataset(tmp_path)


def test_a_dataset_of_unknown_contrasts_says_which_names_it_has(tree: Tree) -> None:
    root = tree("sub-01/anat/sub-01_PDw.nii.gz")
    with pytest.raises(DataError, match=r"known contrast, but PDw\. Say by image_names which"):
        index_dataset(root)


def test_an_exclusion_of_everybody_is_one_line(tree: Tree) -> None:
    root = tree("sub-01/anat/sub-01_T2w.nii.gz")
    with pytest.raises(DataError, match="every image is excluded"):
        index_dataset(root, exclude=exclude_entries(["sub-01"]))


def test_a_folder_that_may_not_be_read_stops_the_index_unless_it_is_excluded(
    cord: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("sub-02/anat"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(DataError, match=r"sub-02/anat: cannot be read"):
        index_dataset(cord)
    table = index_dataset(cord, exclude=exclude_entries(["sub-02"]))
    assert set(table["participant_id"]) == {"sub-01"}


def test_links_in_a_circle_are_walked_once(tree: Tree) -> None:
    root = tree("sub-01/anat/sub-01_T2w.nii.gz", "sub-02/anat/sub-02_T2w.nii.gz")
    for participant in ("sub-01", "sub-02"):
        for number in range(4):
            (root / participant / "anat" / f"again{number}").symlink_to(root)
    table = index_dataset(root)
    assert list(table["participant_id"]) == ["sub-01", "sub-02"]
    assert table["findings"].isna().all()


def test_a_participant_s_folder_may_be_a_link(tree: Tree, tmp_path: Path) -> None:
    root = tree("sub-01/anat/sub-01_T2w.nii.gz")
    (root / "sub-01").rename(tmp_path / "elsewhere")
    (root / "sub-01").symlink_to(tmp_path / "elsewhere")
    assert list(index_dataset(root)["image_state"]) == ["present"]


def test_of_two_labels_of_an_image_the_order_of_names_decides_and_the_other_one_is_reported(
    tree: Tree,
) -> None:
    labels = "derivatives/labels/sub-01/anat/sub-01_T2w"
    root = tree(
        "sub-01/anat/sub-01_T2w.nii.gz",
        f"{labels}_label-discs_desc-warp_dlabel.nii.gz",
        f"{labels}_label-discs_dlabel.nii.gz",
        f"{labels}_label-SC_seg.nii",
        f"{labels}_label-SC_seg.nii.gz",
        f"{labels}_seg-manual.nii.gz",
    )
    row = index_dataset(root).iloc[0]
    assert row["discs"].endswith("label-discs_dlabel.nii.gz")  # drawn, not carried over
    assert row["hard_seg"].endswith("label-SC_seg.nii.gz")
    for lost, used in (
        ("label-discs_desc-warp_dlabel.nii.gz", "label-discs_dlabel.nii.gz"),
        ("label-SC_seg.nii", "label-SC_seg.nii.gz"),
        ("seg-manual.nii.gz", "label-SC_seg.nii.gz"),
    ):
        assert f"sub-01_T2w_{lost} (sub-01_T2w_{used} is used)" in row["findings"]
    own = index_dataset(root, label_names={"hard_seg": "seg-manual"}).iloc[0]
    assert own["hard_seg"].endswith("seg-manual.nii.gz")
