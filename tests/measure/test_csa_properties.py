"""What must not change a CSA, and what must."""

from itertools import permutations, product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softcord.io.nifti import Volume
from softcord.measure.csa import MODES, Mode, csa_per_slice
from tests.measure.drawn_cords import draw_cord, helix, rpi_affine, tilted, turn

NUMBERS = ["area_mm2", "angle_ap_deg", "angle_rl_deg", "length_mm"]
CORD = draw_cord(helix(3, 80), (0.9, 0.7, 2.0), length_mm=30)


def assert_same(one: pd.DataFrame, other: pd.DataFrame) -> None:
    np.testing.assert_allclose(
        one[NUMBERS].to_numpy(), other[NUMBERS].to_numpy(), rtol=1e-9, atol=1e-9, equal_nan=True
    )


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("axes", list(permutations(range(3))), ids=str)
def test_the_48_orientations_of_a_file_give_the_same_csa(mode: Mode, axes: tuple[int, int, int]) -> None:
    expected = csa_per_slice(CORD.softseg, mode=mode)
    for flips in product((False, True), repeat=3):
        assert_same(csa_per_slice(turn(CORD.softseg, axes, flips), mode=mode), expected)


@pytest.mark.parametrize("mode", MODES)
def test_padding_and_integer_shifts_change_nothing(mode: Mode) -> None:
    data = CORD.softseg.data
    expected = csa_per_slice(CORD.softseg, mode=mode)
    for before, after in [((5, 0, 3), (0, 7, 2)), ((0, 11, 0), (4, 0, 6))]:
        padded = np.pad(data, list(zip(before, after, strict=True)))
        measured = csa_per_slice(Volume(padded, CORD.softseg.affine), mode=mode)
        assert measured["area_mm2"].isna().sum() == before[2] + after[2]
        inner = measured.iloc[before[2] : before[2] + data.shape[2]].reset_index(drop=True)
        assert_same(inner, expected)


@pytest.mark.parametrize("mode", MODES)
def test_memory_order_and_number_type_change_nothing(mode: Mode) -> None:
    hard = (CORD.softseg.data > 0.5).astype(np.float32)
    expected = csa_per_slice(Volume(hard, CORD.softseg.affine), mode=mode)
    for dtype in (np.uint8, np.int16, np.float64):
        for order in ("C", "F"):
            same = Volume(np.asarray(hard, dtype=dtype, order=order), CORD.softseg.affine)  # type: ignore[arg-type, call-overload]
            assert_same(csa_per_slice(same, mode=mode), expected)


@settings(max_examples=25, deadline=None)
@given(share=st.floats(0.01, 1.0))
def test_soft_csa_is_linear_in_the_masks_values_and_scts_ignores_them(share: float) -> None:
    data = CORD.softseg.data.astype(np.float64)
    weaker = Volume(data * share, CORD.softseg.affine)  # type: ignore[arg-type]
    expected = csa_per_slice(CORD.softseg)["area_mm2"] * share
    np.testing.assert_allclose(csa_per_slice(weaker)["area_mm2"], expected, rtol=1e-9)
    stretched = csa_per_slice(CORD.softseg, mode="sct")["area_mm2"]
    np.testing.assert_allclose(csa_per_slice(weaker, mode="sct")["area_mm2"], stretched, rtol=1e-9)


def test_without_angle_correction_the_area_is_as_the_slice_cuts_it() -> None:
    cord = draw_cord(tilted(0, 20), (0.8, 0.8, 0.8), length_mm=20)
    cut = csa_per_slice(cord.softseg, angle_correction=False)
    across = csa_per_slice(cord.softseg)
    ratio = across["area_mm2"].mean() / cut["area_mm2"].mean()
    assert ratio == pytest.approx(np.cos(np.radians(20)), rel=1e-3)
    assert cut["length_mm"].iloc[0] == pytest.approx(0.8)
    assert across["length_mm"].mean() == pytest.approx(0.8 / np.cos(np.radians(20)), rel=1e-3)


def test_binarised_means_strictly_above_the_threshold() -> None:
    data = np.zeros((5, 5, 4), dtype=np.float32)
    data[1:4, 1:4] = 0.5
    data[2, 2] = 0.75
    measured = csa_per_slice(Volume(data, rpi_affine((2, 2, 2))), mode="bin", threshold=0.5)
    assert measured["area_mm2"].tolist() == pytest.approx([4.0] * 4)


@pytest.mark.parametrize("mode", MODES)
def test_empty_mask_has_no_area_anywhere(mode: Mode) -> None:
    measured = csa_per_slice(Volume(np.zeros((4, 5, 6), np.float32), rpi_affine((1, 1, 1))), mode=mode)
    assert len(measured) == 6
    assert measured[NUMBERS].isna().all(axis=None)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("slices", [[3], [2, 3], [1, 2, 4], [0, 2, 4, 5]])
def test_few_slices_are_measured_upright(mode: Mode, slices: list[int]) -> None:
    data = np.zeros((7, 7, 6), dtype=np.float32)
    data[2:5, 2:5, slices] = 1
    measured = csa_per_slice(Volume(data, rpi_affine((1, 1, 3))), mode=mode)
    assert measured["area_mm2"].dropna().tolist() == pytest.approx([9.0] * len(slices))
    assert measured["slice"][measured["area_mm2"].notna()].tolist() == slices


def test_a_slice_off_the_line_does_not_tilt_its_neighbours() -> None:
    cord = draw_cord(tilted(5, 5), (0.8, 0.8, 2.0), length_mm=40)
    moved = cord.softseg.data.copy()
    moved[:, :, 9] = np.roll(moved[:, :, 9], 6, axis=0)
    measured = csa_per_slice(Volume(moved, cord.softseg.affine))
    assert (measured["angle_ap_deg"] - 5).abs().max() <= 0.3
    assert measured["findings"][9] == "off-centreline"


@pytest.mark.parametrize(
    ("arguments", "field"), [({"mode": "hard"}, "mode"), ({"smoothing": 0}, "smoothing")]
)
def test_impossible_arguments_are_named(arguments: dict[str, object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}: must be"):
        csa_per_slice(CORD.softseg, **arguments)  # type: ignore[arg-type]


def test_every_row_says_how_it_was_made() -> None:
    row = csa_per_slice(CORD.softseg, mode="bin", threshold=0.3, smoothing=5.0).iloc[0]
    how = row[["mode", "threshold", "smoothing", "angle_correction", "method_version"]]
    assert how.tolist() == ["bin", 0.3, 5.0, 1, "softcord-csa-2"]


def test_the_faint_end_of_a_soft_mask_does_not_bend_the_centreline() -> None:
    data = np.zeros((16, 16, 12), dtype=np.float32)
    data[5:10, 5:10, :11] = 1
    data[6:11, 5:10, 11] = 0.02
    measured = csa_per_slice(Volume(data, rpi_affine((1, 1, 1))))
    assert measured["angle_ap_deg"].abs().max() <= 0.5  # 10.7 degrees if every slice counted the same
