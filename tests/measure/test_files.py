from pathlib import Path

import numpy as np
import pytest

from softcord.errors import DataError
from softcord.io.nifti import Volume, read_volume, write_volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.files import MaskFiles, MeasureSettings, measure_file
from tests.measure.drawn_cords import AREA_MM2, draw_cord, tilted

CORD = draw_cord(tilted(0, 10), (0.8, 0.8, 2.0), length_mm=60).softseg  # 30 slices


def write(folder: Path, name: str, data: np.ndarray) -> Path:
    write_volume(folder / name, data, CORD.affine)
    return folder / name


@pytest.fixture
def files(tmp_path: Path) -> MaskFiles:
    discs = np.zeros(CORD.data.shape, dtype=np.uint8)
    for disc, z in ((2, 27), (3, 20), (4, 10)):
        discs[discs.shape[0] // 2, discs.shape[1] // 2, z] = disc
    return MaskFiles(
        write(tmp_path, "sub-01_T2w_label-SC_softseg.nii.gz", CORD.data),
        write(tmp_path, "sub-01_T2w_label-discs_dlabel.nii.gz", discs),
    )


def test_the_whole_cord_is_one_row_per_mode(files: MaskFiles) -> None:
    groups = measure_file(files, MeasureSettings()).groups
    assert groups[["mode", "slice", "level"]].to_numpy().tolist() == [
        ["soft", "0:29", "all"],
        ["bin", "0:29", "all"],
    ]
    assert groups["area_mm2"][0] == pytest.approx(AREA_MM2, rel=0.0025)
    areas = csa_per_slice(CORD)["area_mm2"]
    assert groups["area_mm2_sd"][0] == pytest.approx(areas.std(ddof=0))
    assert groups["length_mm"][0] == pytest.approx(60 / np.cos(np.radians(10)), rel=0.001)


def test_an_image_given_as_mask_is_refused_before_its_voxels_are_listed(
    files: MaskFiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled = np.count_nonzero(read_volume(files.mask).data)
    monkeypatch.setattr("softcord.io.masks.MOST_VOXELS", filled)
    measure_file(files, MeasureSettings())
    monkeypatch.setattr("softcord.io.masks.MOST_VOXELS", filled - 1)
    with pytest.raises(DataError, match="an image rather than a mask"):
        measure_file(files, MeasureSettings())


def test_vert_perlevel_perslice_and_z_are_scts(files: MaskFiles) -> None:
    def rows(**choices: object) -> list[list[str]]:
        settings = MeasureSettings(modes=("soft",), **choices)  # type: ignore[arg-type]
        return measure_file(files, settings).groups[["slice", "level"]].to_numpy().tolist()

    assert rows(levels=(2, 3)) == [["11:27", "2:3"]]
    assert rows(levels=(2, 3), per_level=True) == [["21:27", "2"], ["11:20", "3"]]
    assert rows(per_level=True) == [["28:29", "1"], ["21:27", "2"], ["11:20", "3"], ["0:10", "4"]]
    assert rows(levels=(2, 3), slices=(9, 15, 16, 17, 25)) == [["15:17;25", "2:3"]]
    assert rows(levels=(3,), slices=(15, 25), per_slice=True) == [["15", "3"]]
    assert rows(slices=(15, 25), per_level=False) == [["15;25", "all"]]


def test_mean_over_levels_is_over_slices_not_over_levels(files: MaskFiles) -> None:
    def areas(**choices: object) -> list[float]:
        settings = MeasureSettings(modes=("soft",), levels=(2, 3), **choices)  # type: ignore[arg-type]
        return measure_file(files, settings).groups["area_mm2"].tolist()

    (together,), (second, third) = areas(), areas(per_level=True)
    assert together == pytest.approx((7 * second + 10 * third) / 17, rel=1e-12)


def test_asked_levels_that_are_not_there_have_a_row_without_numbers(files: MaskFiles) -> None:
    groups = measure_file(files, MeasureSettings(levels=(8,))).groups
    assert groups["area_mm2"].isna().all()
    assert groups["findings"].tolist() == ["level 8 is not in the image"] * 2


def test_per_slice_too_absent_levels_and_odd_discs_are_said(files: MaskFiles, tmp_path: Path) -> None:
    absent = measure_file(files, MeasureSettings(modes=("soft",), levels=(3, 8), per_slice=True)).groups
    assert absent["level"].tolist() == ["3"] * 10 + ["8"]
    assert absent["findings"].tolist()[-1] == "level 8 is not in the image"
    discs = np.zeros(CORD.data.shape, dtype=np.uint8)
    x, y = (size // 2 for size in CORD.data.shape[:2])
    discs[x, y, 20], discs[x, y, 10] = 3, 5
    gap = MaskFiles(files.mask, write(tmp_path, "gap.nii.gz", discs))
    found = measure_file(gap, MeasureSettings(modes=("soft",), levels=(3,), per_slice=True)).groups
    assert found["findings"].str.startswith("disc 4 is missing").all()


@pytest.mark.parametrize("per_slice", [False, True])
def test_slices_beyond_the_volume_have_a_row_that_says_so(files: MaskFiles, per_slice: bool) -> None:
    settings = MeasureSettings(modes=("soft",), slices=(100,), per_slice=per_slice)
    groups = measure_file(files, settings).groups
    assert groups["area_mm2"].isna().all()
    assert groups["findings"].tolist() == ["none of the slices asked for is there"]


def test_a_level_image_of_another_mask_is_refused(files: MaskFiles, tmp_path: Path) -> None:
    levels = write(tmp_path, "levels.nii.gz", np.ones((4, 4, 7), dtype=np.uint8))
    with pytest.raises(DataError, match=r"levels.*: has the shape 4x4x7, the mask"):
        measure_file(MaskFiles(files.mask, levels=levels), MeasureSettings())


def test_levels_need_labels_and_the_file_without_is_named(files: MaskFiles) -> None:
    with pytest.raises(DataError, match=r"label-SC_softseg.*: has no disc labels"):
        measure_file(MaskFiles(files.mask), MeasureSettings(levels=(2, 3)))


def test_discs_without_a_disc_are_named(files: MaskFiles, tmp_path: Path) -> None:
    empty = write(tmp_path, "empty.nii.gz", np.zeros(CORD.data.shape, dtype=np.uint8))
    with pytest.raises(DataError, match=r"empty.*: the image holds no disc"):
        measure_file(MaskFiles(files.mask, empty), MeasureSettings(levels=(2, 3)))


def test_a_reference_adds_overlap(files: MaskFiles) -> None:
    overlap = measure_file(MaskFiles(files.mask, reference=files.mask), MeasureSettings()).overlap
    assert overlap == {
        "dice": 1, "dice_soft": 1, "rve_pct": 0, "rve_soft_pct": 0, "asd_mm": 0, "hd95_mm": 0,
    }  # fmt: skip


def test_an_empty_mask_has_rows_without_numbers(tmp_path: Path) -> None:
    empty = write(tmp_path, "empty.nii.gz", np.zeros(CORD.data.shape, dtype=np.uint8))
    groups = measure_file(MaskFiles(empty), MeasureSettings()).groups
    assert groups["area_mm2"].isna().all()
    assert groups["findings"].tolist() == ["no-cord in 30 slices"] * 2


@pytest.mark.parametrize(
    ("field", "value"), [("threshold", 1.0), ("threshold", -0.1), ("smoothing", 0.0), ("smoothing", np.inf)]
)
def test_settings_out_of_range_are_named(field: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be"):
        MeasureSettings(**{field: value})  # type: ignore[arg-type]


def test_the_mask_may_be_in_another_orientation_than_its_discs(files: MaskFiles, tmp_path: Path) -> None:
    from tests.measure.drawn_cords import turn

    turned = turn(Volume(CORD.data, CORD.affine), (2, 0, 1), (False, True, True))
    write_volume(tmp_path / "turned.nii.gz", turned.data, turned.affine)
    settings = MeasureSettings(levels=(2, 3))
    one, other = (
        measure_file(MaskFiles(mask, files.discs), settings).groups
        for mask in (files.mask, tmp_path / "turned.nii.gz")
    )
    assert other["area_mm2"].tolist() == pytest.approx(one["area_mm2"].tolist(), rel=1e-6)
    assert other["slice"].tolist() == one["slice"].tolist()
