import gzip
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from softcord.data.checks.bids import VALIDATOR
from softcord.data.checks.dataset import DatasetCheck, check_dataset
from softcord.data.checks.findings import count_by_severity, findings_table, summarise
from softcord.data.checks.tables import contrast_table, matrix
from softcord.data.labels import is_model_made
from softcord.data.settings import DataSettings
from softcord.errors import DataError, UsageError
from softcord.io.nifti import write_volume
from softcord.report.check_page import write_check_page
from tests.data.pointers import LFS_POINTER, POINTER

IMAGE = "sub-01/anat/sub-01_T2w.nii.gz"
LABEL = "derivatives/labels/sub-01/anat/sub-01_T2w_label-SC_seg.nii.gz"
GRID = np.diag([1.0, 1.0, 2.0, 1.0])


needs_validator = pytest.mark.skipif(
    shutil.which(VALIDATOR, path=str(Path(sys.executable).parent)) is None,
    reason="bids-validator-deno is not installed",
)


def check(root: Path, **arguments: object) -> DatasetCheck:
    settings = DataSettings("test", root, exclude=tuple(arguments.pop("exclude", ())))  # type: ignore[arg-type]
    given = {"gt": "hard", "contrasts": ("T1w", "T2w")} | arguments
    return check_dataset(settings, **given)  # type: ignore[arg-type]


def found(result: DatasetCheck, severity: str | None = None) -> dict[str, str]:
    """Kinds of findings, and the file name of the first of each."""
    kinds: dict[str, str] = {}
    for finding in result.findings:
        if severity in (None, finding.severity):
            kinds.setdefault(finding.what, os.path.basename(finding.file))
    return kinds


def unchanged(root: Path) -> dict[str, tuple[int, int]]:
    return {str(p): (p.lstat().st_size, p.lstat().st_mtime_ns) for p in root.rglob("*")}


def test_a_dataset_in_order_has_nothing_but_a_warning_about_discs(cord: Path) -> None:
    before = unchanged(cord)
    result = check(cord)
    assert set(found(result)) == {"no disc labels", "same voxels in two masks"}
    assert result.is_usable
    assert unchanged(cord) == before


def test_no_label_is_missing_in_the_releases_but_the_four_that_are(release: Callable[[str], Path]) -> None:
    root = release("r20250310")
    six = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
    result = check(root, contrasts=six)
    missing = [one for one in result.findings if one.what == "no hard mask"]
    assert sorted((one.participant_id, one.contrast) for one in missing) == [
        ("sub-beijingGE04", "T2star"),
        ("sub-beijingVerio01", "dwi"),
        ("sub-ucdavis06", "dwi"),
        ("sub-ucdavis07", "dwi"),
    ]
    kinds = set(found(result))
    assert kinds == {
        "no hard mask",
        "image not downloaded",
        "hard mask not downloaded",
        "disc labels not downloaded",
        "soft label not downloaded",
        "binarised soft label not downloaded",
        "contrast missing",
        "image of no known contrast",  # the raw dwi and its b0
    }
    assert not result.is_usable


def test_the_older_release_has_516_labels_of_an_image_it_does_not_hold(
    release: Callable[[str], Path],
) -> None:
    result = check(release("r20231212"), depth="names")
    orphans = [one for one in result.findings if one.what == "label without image"]
    assert len(orphans) == 260 + 256
    assert {one.contrast for one in orphans} == {"dwi"}
    assert "names from before 2025" in found(result, "note")


def test_real_mini_is_usable_and_its_shared_mask_is_noticed(shared_data: Path) -> None:
    result = check(shared_data / "real-mini", contrasts=("T2star",))
    assert result.is_usable
    repeated = [one for one in result.findings if one.what == "same voxels in two masks"]
    assert {one.participant_id for one in repeated} == {"sub-unf01"}
    geometry = contrast_table(result).set_index("contrast")
    assert geometry.loc["T2star", "images"] == 6
    assert geometry.loc["MTon", "orientation"] == "RPI"


def break_image(cord: Path) -> None:
    (cord / IMAGE).write_bytes((cord / IMAGE).read_bytes()[:-40])


def not_nifti(cord: Path) -> None:
    (cord / IMAGE).write_bytes(gzip.compress(b"text" * 200))


def nan_image(cord: Path) -> None:
    write_volume(cord / IMAGE, np.full((6, 7, 8), np.nan, np.float32), GRID)


def constant_image(cord: Path) -> None:
    write_volume(cord / IMAGE, np.full((6, 7, 8), 3, np.float32), GRID)


def four_dimensional(cord: Path) -> None:
    nib.save(nib.Nifti1Image(np.zeros((3, 3, 3, 2), np.float32), GRID), cord / IMAGE)


def pointer(cord: Path) -> None:
    (cord / IMAGE).write_text(POINTER)


def dangling(cord: Path) -> None:
    (cord / IMAGE).unlink()
    (cord / IMAGE).symlink_to("/nowhere/at/all.nii.gz")


def empty_file(cord: Path) -> None:
    (cord / IMAGE).write_bytes(b"")


def label_missing(cord: Path) -> None:
    (cord / LABEL).unlink()


def label_pointer(cord: Path) -> None:
    (cord / LABEL).write_text(POINTER)


def label_shape(cord: Path) -> None:
    write_volume(cord / LABEL, np.ones((6, 7, 9), np.uint8), GRID)


def label_affine(cord: Path) -> None:
    moved = GRID.copy()
    moved[2, 3] = 5
    write_volume(cord / LABEL, np.ones((6, 7, 8), np.uint8), moved)


def label_values(cord: Path) -> None:
    write_volume(cord / LABEL, np.full((6, 7, 8), 255, np.uint8), GRID)


def label_truncated(cord: Path) -> None:
    (cord / LABEL).write_bytes((cord / LABEL).read_bytes()[:-20])


def label_empty(cord: Path) -> None:
    write_volume(cord / LABEL, np.zeros((6, 7, 8), np.uint8), GRID)


def label_soft(cord: Path) -> None:
    write_volume(cord / LABEL, np.full((6, 7, 8), 0.5, np.float32), GRID)


def image_missing(cord: Path) -> None:
    (cord / IMAGE).unlink()


def old_name_beside(cord: Path) -> None:
    (cord / LABEL.replace("label-SC_seg", "seg-manual")).write_bytes((cord / LABEL).read_bytes())


def nii_beside(cord: Path) -> None:
    (cord / IMAGE.removesuffix(".gz")).write_bytes(gzip.decompress((cord / IMAGE).read_bytes()))


def lower_case(cord: Path) -> None:
    (cord / IMAGE).rename(cord / IMAGE.replace("T2w", "t2w"))


def participant_case(cord: Path) -> None:
    folder = cord / "sub-AB/anat"
    folder.mkdir(parents=True)
    (folder / "sub-AB_T1w.nii.gz").write_bytes((cord / IMAGE).read_bytes())
    other = cord / "derivatives/labels/sub-ab/anat"
    other.mkdir(parents=True)
    (other / "sub-ab_T1w_label-SC_seg.nii.gz").write_bytes((cord / LABEL).read_bytes())


def wrong_folder(cord: Path) -> None:
    (cord / IMAGE).rename(cord / "sub-02/anat/sub-01_T2w.nii.gz")


def not_bids(cord: Path) -> None:
    (cord / "sub-01/anat/T2w.nii.gz").write_bytes((cord / IMAGE).read_bytes())


def broken_sidecar(cord: Path) -> None:
    (cord / IMAGE.replace(".nii.gz", ".json")).write_text("{not json")


def binary_sidecar(cord: Path) -> None:
    (cord / IMAGE.replace(".nii.gz", ".json")).write_bytes(b"\xff\xfe\x00{")


def deep_sidecar(cord: Path) -> None:
    (cord / IMAGE.replace(".nii.gz", ".json")).write_text("[" * 100_000)


def mixed_sessions(cord: Path) -> None:
    folder = cord / "sub-01/ses-a/anat"
    folder.mkdir(parents=True)
    (folder / "sub-01_ses-a_T2w.nii.gz").write_bytes((cord / IMAGE).read_bytes())


def no_table(cord: Path) -> None:
    (cord / "participants.tsv").unlink()


def unknown_id(cord: Path) -> None:
    (cord / "participants.tsv").write_text("participant_id\nsub-01\nsub-02\nsub-03\n")


def unlisted_id(cord: Path) -> None:
    (cord / "participants.tsv").write_text("participant_id\nsub-01\n")


def listed_twice(cord: Path) -> None:
    (cord / "participants.tsv").write_text("participant_id\nsub-01\nsub-01\nsub-02\n")


def no_column(cord: Path) -> None:
    (cord / "participants.tsv").write_text("id,age\nsub-01,3\n")


def binary_table(cord: Path) -> None:
    (cord / "participants.tsv").write_bytes(b"\xff\xfe\x00\x00" * 10)


def no_description(cord: Path) -> None:
    (cord / "dataset_description.json").unlink()


def poor_description(cord: Path) -> None:
    (cord / "dataset_description.json").write_text("[]")


def model_made(cord: Path) -> None:
    made = '{"GeneratedBy": [{"Name": "sct_deepseg", "ModelURL": "https://example.org/model.zip"}]}'
    (cord / LABEL.replace(".nii.gz", ".json")).write_text(made)


def same_image(cord: Path) -> None:
    (cord / IMAGE).write_bytes((cord / IMAGE.replace("sub-01", "sub-02")).read_bytes())


def wrong_checksum(cord: Path) -> None:
    content = bytearray((cord / IMAGE).read_bytes())
    content[-6] ^= 1  # of the checksum that ends a gzip file
    (cord / IMAGE).write_bytes(content)


def bad_header(cord: Path) -> None:
    raw = bytearray(gzip.decompress((cord / IMAGE).read_bytes()))
    raw[70:72] = (4096).to_bytes(2, "little")  # a data type that does not exist
    (cord / IMAGE).write_bytes(gzip.compress(bytes(raw)))


def complex_image(cord: Path) -> None:
    nib.save(nib.Nifti1Image(np.ones((6, 7, 8), np.complex64), GRID), cord / IMAGE)


def link_to_itself(cord: Path) -> None:
    (cord / IMAGE).unlink()
    (cord / IMAGE).symlink_to("sub-01_T2w.nii.gz")


def pipe_for_sidecar(cord: Path) -> None:
    os.mkfifo(cord / IMAGE.replace(".nii.gz", ".json"))


def pipe_for_image(cord: Path) -> None:
    (cord / IMAGE).unlink()
    os.mkfifo(cord / IMAGE)


def pipe_for_table(cord: Path) -> None:
    (cord / "participants.tsv").unlink()
    os.mkfifo(cord / "participants.tsv")


def folder_linked_into_itself(cord: Path) -> None:
    (cord / "sub-01/anat/again").symlink_to(cord)
    (cord / "sub-02/anat/again").symlink_to(cord)


def upper_case_extension(cord: Path) -> None:
    (cord / IMAGE).rename(cord / IMAGE.replace(".nii.gz", ".NII.GZ"))


def label_case(cord: Path) -> None:
    (cord / LABEL).rename(cord / LABEL.replace("label-SC", "label-sc"))


def upper_case_folder(cord: Path) -> None:
    (cord / "sub-01").rename(cord / "SUB-01")


def upper_case_datatype(cord: Path) -> None:
    (cord / "sub-01/anat").rename(cord / "sub-01/Anat")


def upper_case_derivatives(cord: Path) -> None:
    (cord / "derivatives").rename(cord / "Derivatives")


def no_derivatives(cord: Path) -> None:
    shutil.rmtree(cord / "derivatives")


def derivatives_is_a_file(cord: Path) -> None:
    no_derivatives(cord)
    (cord / "derivatives").write_text("")


def two_runs(cord: Path) -> None:
    (cord / IMAGE.replace("_T2w", "_run-2_T2w")).write_bytes((cord / IMAGE).read_bytes())


def session_in_the_folder_only(cord: Path) -> None:
    (cord / "sub-01/ses-a").mkdir()
    (cord / "sub-01/anat").rename(cord / "sub-01/ses-a/anat")


def empty_participant(cord: Path) -> None:
    (cord / "sub-03/anat").mkdir(parents=True)


def quote_in_table(cord: Path) -> None:
    (cord / "participants.tsv").write_text('participant_id\tnotes\nsub-01\t"open\nsub-02\tx\nsub-03\ty\n')


def line_break_in_name(cord: Path) -> None:
    (cord / IMAGE).rename(cord / "sub-01/anat/sub-01_\n_T2w.nii.gz")


NAME = "sub-01_T2w.nii.gz"
SEG = "sub-01_T2w_label-SC_seg.nii.gz"


@pytest.mark.parametrize(
    ("damage", "severity", "what", "file"),
    [
        (break_image, "error", "unusable image", NAME),
        (not_nifti, "error", "unusable image", NAME),
        (nan_image, "error", "unusable image", NAME),
        (four_dimensional, "error", "unusable image", NAME),
        (constant_image, "error", "constant image", NAME),
        (pointer, "error", "image not downloaded", NAME),
        (dangling, "error", "image broken", NAME),
        (empty_file, "error", "image broken", NAME),
        (label_missing, "error", "no hard mask", NAME),
        (label_pointer, "error", "hard mask not downloaded", SEG),
        (label_shape, "error", "label off its image", SEG),
        (label_affine, "error", "label off its image", SEG),
        (label_values, "error", "label values outside 0..1", SEG),
        (label_truncated, "error", "unusable hard mask", SEG),
        (label_empty, "warning", "empty hard mask", SEG),
        (label_soft, "warning", "hard mask is not binary", SEG),
        (image_missing, "warning", "label without image", SEG),
        (old_name_beside, "warning", "two labels of a kind", "sub-01_T2w_seg-manual.nii.gz"),
        (nii_beside, "warning", "two images of a contrast", NAME),
        (lower_case, "warning", "upper/lower case differs", "sub-01_t2w.nii.gz"),
        (participant_case, "warning", "upper/lower case differs", "sub-ab_T1w_label-SC_seg.nii.gz"),
        (wrong_folder, "warning", "name and folder differ", NAME),
        (not_bids, "warning", "not a BIDS name", "T2w.nii.gz"),
        (broken_sidecar, "warning", "sidecar is not JSON", "sub-01_T2w.json"),
        (binary_sidecar, "warning", "sidecar is not JSON", "sub-01_T2w.json"),
        (deep_sidecar, "warning", "sidecar is not JSON", "sub-01_T2w.json"),
        (mixed_sessions, "warning", "images with and without session", NAME),
        (no_table, "warning", "no participants.tsv", "participants.tsv"),
        (unknown_id, "warning", "participant without folder", "participants.tsv"),
        (unlisted_id, "warning", "participant not in participants.tsv", "participants.tsv"),
        (listed_twice, "warning", "participant listed twice", "participants.tsv"),
        (no_column, "warning", "participants.tsv cannot be read", "participants.tsv"),
        (binary_table, "warning", "participants.tsv cannot be read", "participants.tsv"),
        (no_description, "warning", "no dataset_description.json", "dataset_description.json"),
        (poor_description, "warning", "incomplete dataset_description.json", "dataset_description.json"),
        (model_made, "warning", "hard mask made by a model", SEG),
        (same_image, "warning", "same voxels in two images", "sub-02_T2w.nii.gz"),
        (wrong_checksum, "error", "unusable image", NAME),
        (bad_header, "error", "unusable image", NAME),
        (complex_image, "error", "unusable image", NAME),
        (link_to_itself, "error", "image broken", NAME),
        (pipe_for_sidecar, "warning", "sidecar is not JSON", "sub-01_T2w.json"),
        (pipe_for_image, "error", "image broken", NAME),
        (pipe_for_table, "warning", "participants.tsv cannot be read", "participants.tsv"),
        (folder_linked_into_itself, "warning", "link to a folder of the dataset", "again"),
        (upper_case_extension, "warning", "upper/lower case differs", "sub-01_T2w.NII.GZ"),
        (label_case, "warning", "upper/lower case differs", "sub-01_T2w_label-sc_seg.nii.gz"),
        (upper_case_folder, "warning", "upper/lower case differs", "SUB-01"),
        (upper_case_datatype, "warning", "upper/lower case differs", "sub-01_T1w.nii.gz"),
        (upper_case_derivatives, "warning", "upper/lower case differs", "Derivatives"),
        (no_derivatives, "warning", "no derivatives folder", "derivatives"),
        (derivatives_is_a_file, "warning", "no derivatives folder", "derivatives"),
        (two_runs, "note", "image of no known contrast", "sub-01_run-2_T2w.nii.gz"),
        (session_in_the_folder_only, "warning", "name and folder differ", "sub-01_T1w.nii.gz"),
        (empty_participant, "warning", "participant without image", "sub-03"),
        (quote_in_table, "warning", "participant without folder", "participants.tsv"),
        (line_break_in_name, "warning", "not a BIDS name", "sub-01_\N{REPLACEMENT CHARACTER}_T2w.nii.gz"),
    ],
)
def test_what_is_wrong_is_found_by_name(
    cord: Path, damage: Callable[[Path], None], severity: str, what: str, file: str
) -> None:
    assert what not in found(check(cord))
    damage(cord)
    before = unchanged(cord)
    result = check(cord)
    assert found(result, severity).get(what) == file, found(result)
    assert severity != "error" or not result.is_usable
    assert unchanged(cord) == before
    assert all("\n" not in f"{one.detail}{one.hint}" for one in result.findings)


def test_headers_alone_show_the_wrong_grid_and_say_nothing_of_values(cord: Path) -> None:
    label_shape(cord)
    write_volume(cord / LABEL.replace("sub-01", "sub-02"), np.full((6, 7, 8), 255, np.uint8), GRID)
    result = check(cord, depth="headers")
    assert set(found(result, "error")) == {"label off its image"}
    assert found(check(cord, depth="names"), "error") == {}


def test_an_unreadable_folder_is_a_finding(cord: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if str(path).endswith("sub-02/anat"):
            raise PermissionError(13, "Permission denied", path)
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    result = check(cord)
    folders = [one.file for one in result.findings if one.what == "unreadable folder"]
    assert folders == [str(cord / "derivatives/labels/sub-02/anat"), str(cord / "sub-02/anat")]
    excluded = check(cord, exclude=["sub-02"])
    assert excluded.is_usable
    assert "exclusion without effect" not in found(excluded)
    assert found(excluded, "note")["unreadable folder of what is excluded"] == "anat"


def test_an_image_of_another_case_is_reported_once(cord: Path) -> None:
    lower_case(cord)
    about = [one.what for one in check(cord).findings if one.file.endswith("sub-01_t2w.nii.gz")]
    assert about == ["upper/lower case differs"]


def test_files_that_git_lfs_has_not_downloaded_are_named_so_with_what_to_do(cord: Path) -> None:
    (cord / IMAGE).write_text(LFS_POINTER)
    (cord / LABEL).write_text(LFS_POINTER.replace("1111", "2222"))
    errors = [one for one in check(cord).findings if one.severity == "error"]
    assert [one.what for one in errors] == ["hard mask not downloaded", "image not downloaded"]
    assert {one.hint for one in errors} == {"Download it with `git lfs pull`"}


def test_a_dataset_without_derivatives_or_images_is_findings_too(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert "no image of a known contrast" in found(result, "error")
    assert matrix(result).empty
    write_check_page(tmp_path / "page.html", result)


def test_a_contrast_that_nobody_has_is_an_error_unless_another_dataset_may_have_it(cord: Path) -> None:
    contrasts = ("T1w", "dwi")
    assert found(check(cord, contrasts=contrasts), "error") == {"contrast of nobody": "cord"}
    several = check(cord, contrasts=contrasts, needs_every_contrast=False)
    assert several.is_usable
    assert "contrast of nobody" in found(several, "warning")


def test_a_dataset_of_which_nothing_is_left_is_not_usable(cord: Path) -> None:
    assert found(check(cord, exclude=["sub-01", "sub-02"]), "error") == {"every image is excluded": "cord"}
    with pytest.raises(UsageError, match="sub-09 is not in"):
        check_dataset(DataSettings("test", cord, participants=("sub-09",)))


def test_a_participant_without_any_needed_contrast_is_named(cord: Path) -> None:
    for path in (cord / IMAGE, cord / LABEL):
        path.unlink()
    missing = [
        one.detail for one in check(cord, contrasts=("T2w",)).findings if one.what == "contrast missing"
    ]
    assert missing == ["sub-01 has no T2w"]


def test_missing_soft_labels_are_a_note_where_hard_masks_can_make_them(cord: Path) -> None:
    label_missing(cord)
    result = check(cord, gt="soft")
    assert found(result, "error") == {"no hard mask": NAME}
    assert found(result, "note")["no soft label yet"] == "sub-01_T1w.nii.gz"


def test_exclusions_are_reported_and_one_without_effect_is_a_warning(cord: Path) -> None:
    label_missing(cord)
    result = check(cord, exclude=["sub-01_T2w", "sub-99"])
    assert result.is_usable
    assert "excluded" in found(result, "note")
    assert [one.detail for one in result.findings if one.what == "exclusion without effect"] == ["sub-99"]


def test_a_field_of_view_or_intensity_apart_from_the_rest_is_noted(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for i in range(9):
        path = tmp_path / f"sub-{i}/anat/sub-{i}_T2w.nii.gz"
        values = rng.random((4, 4, 20 if i == 3 else 10)) * (1000 if i == 5 else 1)
        write_volume(path, values.astype(np.float32), np.eye(4))
    notes = {one.what: one.participant_id for one in check(tmp_path).findings if one.severity == "note"}
    assert notes["field of view stands out"] == "sub-3"
    assert notes["intensity stands out"] == "sub-5"


def test_several_processes_find_the_same(cord: Path) -> None:
    label_values(cord)
    assert check(cord, jobs=2).findings == check(cord, jobs=1).findings


def test_a_hand_corrected_mask_is_not_taken_for_a_model_s() -> None:
    makers = [{"Name": "sct_deepseg_sc", "Version": "SCT v6.2"}, {"Name": "Manual", "Author": "x"}]
    assert not is_model_made({"GeneratedBy": makers})
    assert not is_model_made(["GeneratedBy"])
    assert is_model_made({"GeneratedBy": [{"Name": "contrast-agnostic-softseg-spinalcord"}]})


def test_a_missing_root_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is not a folder"):
        check(tmp_path / "nowhere")


def test_an_unknown_depth_is_one_line(cord: Path) -> None:
    with pytest.raises(UsageError, match="unknown depth 'voxel'"):
        check(cord, depth="voxel")


def test_the_matrix_shows_labels_by_letter_and_state_by_mark(cord: Path) -> None:
    pointer(cord)
    cells = matrix(check(cord))
    assert cells.loc["sub-01"].to_dict() == {"T1w": "● h", "T2w": "○ h"}


def test_the_page_holds_every_finding_and_escapes_names(cord: Path, tmp_path: Path) -> None:
    not_bids(cord)
    (cord / "sub-01/anat/<b>.nii.gz").write_bytes(b"x" * 2000)
    result = check(cord)
    write_check_page(tmp_path / "out" / "check.html", result)
    page = (tmp_path / "out" / "check.html").read_text()
    assert "<b>" not in page
    assert "&lt;b&gt;.nii.gz" in page
    for finding in result.findings:
        assert finding.what in page
    assert len(re.findall("<tr><td>sub-0", page)) == 2


def test_the_table_of_findings_is_sorted_worst_first(cord: Path) -> None:
    label_missing(cord)
    no_table(cord)
    result = check(cord)
    severities = list(findings_table(result.findings)["severity"])
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    assert sum(count_by_severity(result.findings).values()) == len(result.findings)
    assert sum(one.count for one in summarise(result.findings)) == len(result.findings)


@needs_validator
def test_the_bids_validator_s_errors_are_warnings_and_its_advice_is_counted(cord: Path) -> None:
    assert not [what for what in found(check(cord, bids=True)) if what.startswith("BIDS: ")]
    (cord / "sub-01/anat/sub-01_T7w.nii.gz").write_bytes((cord / IMAGE).read_bytes())
    result = check(cord, bids=True)
    kinds = [one for one in result.findings if one.what.startswith("BIDS: ")]
    assert kinds
    assert {one.severity for one in kinds} == {"warning"}
    assert any(one.file.endswith("sub-01_T7w.nii.gz") for one in kinds)
    assert "BIDS recommendations" in found(result, "note")


def test_without_a_bids_validator_there_is_a_note(cord: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("softcord.data.checks.bids.VALIDATOR", "no-such-program")
    assert "BIDS validity not checked" in found(check(cord, bids=True), "note")


def test_a_bids_validator_that_fails_is_a_note(cord: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("softcord.data.checks.bids.VALIDATOR", "true")
    assert "BIDS validity not checked" in found(check(cord, bids=True), "note")
