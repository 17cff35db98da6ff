import numpy as np
import pytest

from softcord.io.nifti import Volume
from softcord.measure.calibration import border_reliability, calibration_error, pool_reliability
from tests.measure.drawn_cords import draw_cord, tilted

CORD = draw_cord(tilted(5, 10), (0.5, 0.5, 5.0)).softseg


def test_a_perfect_prediction_is_calibrated() -> None:
    table = border_reliability(CORD, CORD)
    assert calibration_error(table) == pytest.approx(0, abs=1e-12)
    assert (table["n"] > 0).all()


def test_values_pushed_to_0_and_1_are_overconfident() -> None:
    sharp = Volume((CORD.data > 0.5).astype(np.float32), CORD.affine)
    table = border_reliability(sharp, CORD)
    assert table["n"].iloc[1:-1].sum() == 0
    assert table["reference_mean"].iloc[0] > 0.005
    assert table["reference_mean"].iloc[-1] < 0.995
    assert calibration_error(table) > 0.01


def test_only_the_border_counts_whatever_lies_around() -> None:
    narrow = border_reliability(CORD, CORD, border_mm=1.0)["n"].sum()
    wide = border_reliability(CORD, CORD, border_mm=2.0)["n"].sum()
    padded = Volume(np.pad(CORD.data, [(30, 30), (30, 30), (0, 0)]), CORD.affine)
    assert narrow < wide == border_reliability(padded, padded, border_mm=2.0)["n"].sum()
    # Through each slice runs a ring about 34 mm long (the ellipse's circumference) and 2 mm wide.
    assert narrow == pytest.approx(10 * 34 * 2 / 0.25, rel=0.15)


def test_an_empty_reference_has_no_border() -> None:
    nothing = Volume(np.zeros_like(CORD.data), CORD.affine)
    table = border_reliability(CORD, nothing)
    assert table["n"].sum() == 0
    assert np.isnan(calibration_error(table))


def test_pooling_counts_every_voxel_once() -> None:
    weak = Volume(CORD.data * np.float32(0.5), CORD.affine)
    tables = [border_reliability(CORD, CORD), border_reliability(weak, CORD)]
    pooled = pool_reliability(tables)
    assert pooled["n"].sum() == sum(table["n"].sum() for table in tables)
    low = [table.iloc[2] for table in tables]
    expected = sum(row["reference_mean"] * row["n"] for row in low) / sum(row["n"] for row in low)
    assert pooled["reference_mean"][2] == pytest.approx(expected)
