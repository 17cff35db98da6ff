from pathlib import Path

import numpy as np
import pytest

from softcord.errors import DataError
from softcord.io.nifti import write_volume
from softcord.measure import batch
from softcord.measure.batch import find_masks, forget, measure_files
from softcord.measure.files import FileMeasures, MaskFiles, MeasureSettings

MASK = np.zeros((6, 6, 4), dtype=np.uint8)
MASK[2:4, 2:4] = 1


def write(path: Path, data: np.ndarray = MASK) -> Path:
    write_volume(path, data, np.eye(4))
    return path


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    for who in ("sub-01", "sub-02/ses-1"):
        stem = who.replace("/", "_")
        write(tmp_path / "labels_softseg" / who / "anat" / f"{stem}_T2w_label-SC_softseg.nii.gz")
        write(tmp_path / "labels" / who / "anat" / f"{stem}_T2w_label-SC_seg.nii.gz")
        write(tmp_path / "labels" / who / "anat" / f"{stem}_T2w_label-GM_seg.nii.gz")
        write(tmp_path / "labels" / who / "anat" / f"{stem}_T2w_label-discs_dlabel.nii.gz")
    write(tmp_path / "labels_softseg/sub-01/dwi/sub-01_rec-average_dwi_label-SC_softseg.nii.gz")
    write(tmp_path / "labels/sub-01/dwi/sub-01_rec-average_dwi_label-discs_desc-warp_dlabel.nii.gz")
    return tmp_path


def test_cord_masks_are_found_with_their_discs_in_the_folder_beside(dataset: Path) -> None:
    found = find_masks(dataset / "labels_softseg")
    assert [file.mask.name for file in found] == [
        "sub-01_T2w_label-SC_softseg.nii.gz",
        "sub-01_rec-average_dwi_label-SC_softseg.nii.gz",
        "sub-02_ses-1_T2w_label-SC_softseg.nii.gz",
    ]
    assert [file.discs and file.discs.name for file in found] == [
        "sub-01_T2w_label-discs_dlabel.nii.gz",
        "sub-01_rec-average_dwi_label-discs_desc-warp_dlabel.nii.gz",
        "sub-02_ses-1_T2w_label-discs_dlabel.nii.gz",
    ]


def test_grey_matter_and_discs_are_no_cord_masks(dataset: Path) -> None:
    names = [file.mask.name for file in find_masks(dataset / "labels")]
    assert names == ["sub-01_T2w_label-SC_seg.nii.gz", "sub-02_ses-1_T2w_label-SC_seg.nii.gz"]


def test_a_suffix_finds_masks_of_other_names(dataset: Path) -> None:
    assert len(find_masks(dataset / "labels", suffix="_label-GM_seg")) == 2


@pytest.mark.parametrize(("folder", "what"), [("nowhere", "is not a folder"), ("", "holds no mask")])
def test_a_folder_without_masks_is_refused(dataset: Path, folder: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        find_masks(dataset / folder)


def test_two_processes_measure_what_one_does(dataset: Path, tmp_path: Path) -> None:
    files = find_masks(dataset / "labels_softseg")
    seen: list[str] = []
    one = measure_files(files, MeasureSettings(), tmp_path / "one", on_done=seen.append)
    two = measure_files(files, MeasureSettings(), tmp_path / "two", jobs=2)
    assert [m.files for m in two.measured] == [m.files for m in one.measured] == files
    for a, b in zip(one.measured, two.measured, strict=True):
        assert a.groups.equals(b.groups)
    assert sorted(seen) == sorted(file.mask.name for file in files)


def test_a_broken_mask_does_not_stop_the_others(dataset: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.nii.gz"
    broken.write_bytes(b"no image")
    good = find_masks(dataset / "labels")[0]
    done = measure_files([MaskFiles(broken), good], MeasureSettings(), tmp_path / "memory")
    assert [m.files for m in done.measured] == [good]
    assert len(done.errors) == 1
    assert done.errors[0].startswith(str(broken))


def test_after_an_interruption_only_the_rest_is_measured(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files, memory = find_masks(dataset / "labels_softseg"), tmp_path / "memory"
    calls: list[MaskFiles] = []
    measure = batch.measure_file

    def interrupted(files: MaskFiles, settings: MeasureSettings) -> FileMeasures:
        calls.append(files)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return measure(files, settings)

    monkeypatch.setattr(batch, "measure_file", interrupted)
    with pytest.raises(KeyboardInterrupt):
        measure_files(files, MeasureSettings(), memory)
    again = measure_files(files, MeasureSettings(), memory)
    assert calls == [*files[:3], files[2]]
    fresh = measure_files(files, MeasureSettings(), tmp_path / "other memory")
    for a, b in zip(again.measured, fresh.measured, strict=True):
        assert a.groups.to_csv() == b.groups.to_csv()


def test_changed_masks_and_other_settings_are_measured_anew(
    dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (file, *_), memory = find_masks(dataset / "labels"), tmp_path / "memory"
    first = measure_files([file], MeasureSettings(), memory).measured[0]
    measure_files([file], MeasureSettings(threshold=0.3), memory)
    assert len(list(memory.iterdir())) == 2
    larger = MASK.copy()
    larger[1] = larger[2]
    write(file.mask, larger)
    second = measure_files([file], MeasureSettings(), memory).measured[0]
    assert second.groups["area_mm2"][0] == pytest.approx(first.groups["area_mm2"][0] * 1.5)
    forget(memory)
    assert not memory.exists()
