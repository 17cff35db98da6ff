"""Which file is whose prediction."""

from pathlib import Path

import pytest

from softcord.errors import DataError, UsageError
from softcord.ingest.match import match_predictions

IMAGES = {
    ("sub-01", "n/a", "T1w"): Path("/data/sub-01/anat/sub-01_T1w.nii.gz"),
    ("sub-01", "n/a", "MTon"): Path("/data/sub-01/anat/sub-01_flip-1_mt-on_MTS.nii.gz"),
    ("sub-011", "n/a", "T1w"): Path("/data/sub-011/anat/sub-011_T1w.nii.gz"),
}
TWO_SESSIONS = {
    ("sub-01", "ses-a", "T1w"): Path("/data/sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz"),
    ("sub-01", "ses-b", "T1w"): Path("/data/sub-01/ses-b/anat/sub-01_ses-b_T1w.nii.gz"),
}


def make(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()
    return folder


def names_of(folder: Path, images: dict[tuple[str, str, str], Path], pattern: str | None = None) -> dict:
    matched = match_predictions(folder, images, pattern)
    by_image = {image: key for key, image in images.items()}
    return {by_image[image]: [file.name for file in files] for image, files in matched.of_image.items()}


def test_files_named_after_their_image_are_found_in_any_folder(tmp_path: Path) -> None:
    make(
        tmp_path,
        "sub-01/anat/sub-01_T1w_label-SC_softseg.nii.gz",
        "sub-01_flip-1_mt-on_MTS_seg.nii",
        "sub-011_T1w.nii.gz",
    )
    assert names_of(tmp_path, IMAGES) == {
        ("sub-01", "n/a", "T1w"): ["sub-01_T1w_label-SC_softseg.nii.gz"],
        ("sub-01", "n/a", "MTon"): ["sub-01_flip-1_mt-on_MTS_seg.nii"],
        ("sub-011", "n/a", "T1w"): ["sub-011_T1w.nii.gz"],
    }


def test_a_file_of_no_image_is_an_orphan(tmp_path: Path) -> None:
    make(tmp_path, "sub-01_T1w_seg.nii.gz", "sub-01_T2w_seg.nii.gz", "sub-0111_T1w.nii.gz", "notes.txt")
    matched = match_predictions(tmp_path, IMAGES)
    assert [file.name for file in matched.orphans] == ["sub-0111_T1w.nii.gz", "sub-01_T2w_seg.nii.gz"]


def test_two_files_of_one_image_are_both_reported(tmp_path: Path) -> None:
    make(tmp_path, "a/sub-01_T1w_seg.nii.gz", "b/sub-01_T1w_seg.nii.gz")
    assert len(match_predictions(tmp_path, IMAGES).of_image[IMAGES["sub-01", "n/a", "T1w"]]) == 2


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        ("{participant}_{contrast}_pred.nii.gz", "sub-01_MTon_pred.nii.gz"),
        ("{participant}_{contrast}_pred.nii.gz", "01_flip-1_mt-on_MTS_pred.nii.gz"),
        ("{participant}/*/{contrast}.nii.gz", "sub-01/out/mton.nii.gz"),
        ("{participant}/{participant}-{contrast}.nii.gz", "sub-01/sub-01-MTon.nii.gz"),
        ("seg_{image}.nii.gz", "seg_sub-01_flip-1_mt-on_MTS.nii.gz"),
    ],
)
def test_a_pattern_says_how_files_are_named(tmp_path: Path, pattern: str, name: str) -> None:
    make(tmp_path, name, name.replace("01", "99"), "sub-01_MTon_other.nii.gz")
    found = names_of(tmp_path, IMAGES, pattern)
    assert found == {("sub-01", "n/a", "MTon"): [Path(name).name]}
    # Of nobody, but named as a prediction; the other one is not.
    (orphan,) = match_predictions(tmp_path, IMAGES, pattern).orphans
    assert "99" in str(orphan.relative_to(tmp_path))


def test_a_pattern_without_session_cannot_tell_sessions_apart(tmp_path: Path) -> None:
    make(tmp_path, "01_a_T1w.nii.gz")
    with pytest.raises(UsageError, match="cannot tell sub-01_ses-a_T1w"):
        match_predictions(tmp_path, TWO_SESSIONS, "{participant}_*_{contrast}.nii.gz")
    found = names_of(tmp_path, TWO_SESSIONS, "{participant}_{session}_{contrast}.nii.gz")
    assert found == {("sub-01", "ses-a", "T1w"): ["01_a_T1w.nii.gz"]}


@pytest.mark.parametrize("pattern", ["pred.nii.gz", "{subject}_{contrast}.nii.gz"])
def test_a_pattern_without_a_known_field_is_refused(tmp_path: Path, pattern: str) -> None:
    make(tmp_path, "pred.nii.gz")
    with pytest.raises(UsageError, match=r"\{participant\}, \{session\}, \{contrast\}, \{image\}"):
        match_predictions(tmp_path, IMAGES, pattern)


def test_a_missing_or_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        match_predictions(tmp_path / "nowhere", IMAGES)
    with pytest.raises(DataError, match="holds no NIfTI file"):
        match_predictions(tmp_path, IMAGES)
