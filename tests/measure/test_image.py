import numpy as np
import pytest

from softcord.errors import DataError
from softcord.io.nifti import Volume
from softcord.measure.image import measure_image
from softcord.measure.metrics import METRICS
from tests.measure.drawn_cords import AREA_MM2, draw_cord, tilted, turn

CORD = draw_cord(tilted(0, 10), (0.8, 0.8, 2.0), length_mm=60).softseg  # 30 slices
NOTHING = Volume(np.zeros_like(CORD.data), CORD.affine)


def discs(places: dict[int, int]) -> Volume:
    data = np.zeros_like(CORD.data)
    for disc, z in places.items():
        data[data.shape[0] // 2, data.shape[1] // 2, z] = disc
    return Volume(data, CORD.affine)


C2_TO_C3 = discs({2: 27, 3: 20, 4: 10})


def values(*arguments: Volume, **keywords: object) -> dict[tuple[str, str], float]:
    return {(m.metric, m.level): m.value for m in measure_image(*arguments, **keywords)}  # type: ignore[arg-type]


def test_a_perfect_segmentation_has_the_optimum_of_every_metric() -> None:
    measured = values(CORD, reference_softseg=CORD, discs=C2_TO_C3, truth_csa_mm2=AREA_MM2)
    for (metric, _), value in measured.items():
        optimum = METRICS[metric].optimum
        if optimum is not None and "truth" not in metric:
            assert value == optimum
    assert measured["csa_mm2", "2:3"] == pytest.approx(AREA_MM2, rel=0.0025)
    assert measured["csa_truth_error_mm2", "2:3"] == abs(measured["csa_mm2", "2:3"] - AREA_MM2)


def test_csa_comes_for_the_levels_together_and_each_alone() -> None:
    measured = values(CORD, reference_softseg=CORD, discs=C2_TO_C3)
    for metric in ("csa_mm2", "csa_bin_mm2", "csa_abs_error_mm2", "csa_bin_abs_error_mm2"):
        assert {level for name, level in measured if name == metric} == {"2:3", "2", "3"}
    each = 7 * measured["csa_mm2", "2"] + 10 * measured["csa_mm2", "3"]
    assert measured["csa_mm2", "2:3"] == pytest.approx(each / 17, rel=1e-12)  # slices 11:20 and 21:27


def test_soft_and_binarised_errors_compare_like_with_like() -> None:
    faint = Volume(CORD.data * np.float32(0.8), CORD.affine)
    measured = values(faint, reference_softseg=CORD, discs=C2_TO_C3)
    assert measured["csa_abs_error_mm2", "2:3"] == pytest.approx(0.2 * AREA_MM2, rel=0.005)
    assert measured["csa_bin_abs_error_mm2", "2:3"] < 0.1 * AREA_MM2


def test_a_missed_cord_does_not_vanish() -> None:
    measured = values(NOTHING, reference_softseg=CORD, discs=C2_TO_C3, truth_csa_mm2=80.0)
    assert measured["csa_mm2", "2:3"] == measured["csa_bin_mm2", "2:3"] == 0
    assert measured["csa_truth_error_mm2", "2:3"] == 80
    assert measured["csa_abs_error_mm2", "2:3"] == pytest.approx(AREA_MM2, rel=0.005)
    assert measured["dice", "n/a"] == measured["dice_soft", "n/a"] == 0
    assert measured["rve_pct", "n/a"] == measured["rve_soft_pct", "n/a"] == -100
    diagonal_mm = np.linalg.norm(np.array(CORD.data.shape) * CORD.spacing_mm)
    assert measured["asd_mm", "n/a"] == measured["hd95_mm", "n/a"] == pytest.approx(diagonal_mm)


def test_missed_slices_count_as_0_and_are_said() -> None:
    cut = CORD.data.copy()
    cut[:, :, 20:25] = 0
    cut[0, 0, :] = 0
    measured = measure_image(Volume(cut, CORD.affine), reference_softseg=CORD, discs=C2_TO_C3)
    csa = next(m for m in measured if (m.metric, m.level) == ("csa_mm2", "2:3"))
    assert csa.value == pytest.approx(AREA_MM2 * 12 / 17, rel=0.01)
    assert "no-cord in 5 slices" in csa.findings


def test_the_slices_are_the_references_however_bad_the_segmentation() -> None:
    wrong = np.zeros_like(CORD.data)
    wrong[:4, :4, :] = 1
    measured = values(Volume(wrong, CORD.affine), reference_softseg=CORD, discs=C2_TO_C3)
    assert measured["csa_mm2", "2:3"] == pytest.approx(16 * 0.64)


def test_slices_beyond_the_reference_do_not_count() -> None:
    short = CORD.data.copy()
    short[:, :, 24:] = 0
    measured = values(CORD, reference_softseg=Volume(short, CORD.affine), discs=C2_TO_C3)
    expected = values(
        Volume(short, CORD.affine), reference_softseg=Volume(short, CORD.affine), discs=C2_TO_C3
    )
    assert measured["csa_mm2", "2:3"] == pytest.approx(expected["csa_mm2", "2:3"], rel=0.002)


def test_an_image_without_the_levels_has_no_csa_and_says_so() -> None:
    measured = measure_image(CORD, reference_softseg=CORD, discs=discs({6: 20, 7: 10}))
    csa = next(m for m in measured if (m.metric, m.level) == ("csa_mm2", "2:3"))
    assert np.isnan(csa.value)
    assert "level 2 is not in the image" in csa.findings
    assert "level 3 is not in the image" in csa.findings


def test_without_discs_the_whole_cord_is_averaged() -> None:
    measured = values(CORD, reference_softseg=CORD)
    assert measured["csa_mm2", "all"] == pytest.approx(AREA_MM2, rel=0.0025)
    assert "dice" in {metric for metric, _ in measured}


def test_without_a_reference_only_csa_and_volume_are_measured() -> None:
    assert {metric for metric, _ in values(CORD)} == {"csa_mm2", "csa_bin_mm2", "volume_mm3"}
    empty = values(NOTHING)
    assert np.isnan(empty["csa_mm2", "all"])
    assert empty["volume_mm3", "n/a"] == 0


def test_both_empty_agree() -> None:
    measured = values(NOTHING, reference_softseg=NOTHING)
    assert measured["dice", "n/a"] == 1
    assert measured["asd_mm", "n/a"] == measured["rve_pct", "n/a"] == 0
    assert np.isnan(measured["csa_mm2", "all"])


def test_a_reference_on_another_grid_is_refused() -> None:
    for other in (turn(CORD, (1, 0, 2), (False,) * 3), Volume(CORD.data, np.diag([1.0, 1, 1, 1]))):
        with pytest.raises(DataError, match="same voxel grid"):
            measure_image(CORD, reference_softseg=other)


def test_the_doubt_of_an_area_is_the_readings_spread_over_the_references_slices() -> None:
    sd = Volume(np.full_like(CORD.data, 0.01), CORD.affine)
    slice_mm2 = 0.01 * np.prod(CORD.data.shape[:2]) * np.prod(CORD.spacing_mm[:2])
    missed = values(NOTHING, reference_softseg=CORD, sd=sd)["csa_doubt_mm2", "all"]
    assert missed == pytest.approx(slice_mm2, rel=1e-5)  # an area of 0 mm² may be wrong, too
    across = values(CORD, reference_softseg=CORD, sd=sd)["csa_doubt_mm2", "all"]
    assert across == pytest.approx(slice_mm2 * np.cos(np.radians(10)), rel=0.01)  # as CSA is
    assert ("csa_doubt_mm2", "all") not in values(CORD)
