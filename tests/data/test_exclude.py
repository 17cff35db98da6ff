from collections.abc import Callable
from pathlib import Path

import pytest

from softcord.data.bids import parse_path
from softcord.data.exclude import Exclusion, read_exclude
from softcord.errors import DataError, UsageError


def drops(exclusion: Exclusion, path: str) -> bool:
    file = parse_path(path)
    assert file is not None
    return exclusion.drops(file)


def test_the_dataset_s_own_list_is_read_with_its_reasons(release: Callable[[str], Path]) -> None:
    exclusion = read_exclude(release("r20250310") / "exclude.yml", ["csa_t2"])
    assert exclusion.reasons["sub-pavia04"] == "Motion artifact"
    assert drops(exclusion, "/d/sub-beijingVerio03/anat/sub-beijingVerio03_T2w.nii.gz")
    assert not drops(exclusion, "/d/sub-beijingGE03/anat/sub-beijingGE03_T2w.nii.gz")


def test_the_paper_s_list_is_a_table(shared_data: Path) -> None:
    exclusion = read_exclude(shared_data / "spine-generic" / "paper_exclusions.tsv")
    assert len(exclusion.reasons) == 24
    assert exclusion.reasons["sub-oxfordOhba02"] == "DWI motion correction failed"


def test_absolute_paths_of_another_machine_mean_the_image_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "exclude.yml"
    path.write_text("FILES_REG:\n- sub-02  # moved\n- /mnt/x/sub-01/anat/sub-01_T2w_seg-manual.nii.gz\n")
    exclusion = read_exclude(path)
    assert drops(exclusion, "/d/sub-01/anat/sub-01_T2w.nii.gz")
    assert not drops(exclusion, "/d/sub-01/anat/sub-01_T1w.nii.gz")
    assert drops(exclusion, "/d/sub-02/anat/sub-02_T1w.nii.gz")
    assert not drops(exclusion, "/d/sub-021/anat/sub-021_T1w.nii.gz")


def test_one_visit_can_be_left_out(tmp_path: Path) -> None:
    path = tmp_path / "exclude.yml"
    path.write_text("- sub-01_ses-02\n")
    exclusion = read_exclude(path)
    assert drops(exclusion, "/d/sub-01/ses-02/anat/sub-01_ses-02_T2w.nii.gz")
    assert not drops(exclusion, "/d/sub-01/ses-01/anat/sub-01_ses-01_T2w.nii.gz")


def test_an_unknown_purpose_is_one_line_with_those_there_are(tmp_path: Path) -> None:
    path = tmp_path / "exclude.yml"
    path.write_text("csa_t1: [sub-01]\ncsa_t2:\n")
    with pytest.raises(UsageError, match=r"has no list 'csa'\. It has csa_t1, csa_t2"):
        read_exclude(path, ["csa"])


@pytest.mark.parametrize("text", ["a: b", "a: [", "7", "\tx: 1"])
def test_a_file_without_lists_is_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "exclude.yml"
    path.write_text(text)
    with pytest.raises(DataError, match=r"exclude\.yml") as caught:
        read_exclude(path)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"Check the name of the file with exclusions"):
        read_exclude(tmp_path / "none.yml")
