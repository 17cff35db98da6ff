import numpy as np
import pandas as pd
import pytest

from softcord.io.nifti import Volume
from softcord.measure.csa import csa_per_slice
from softcord.measure.threshold import csa_by_threshold, csa_std_by_threshold
from tests.measure.drawn_cords import draw_cord, rpi_affine, tilted


def test_csa_falls_as_the_threshold_rises_and_the_soft_csa_lies_between() -> None:
    cord = draw_cord(tilted(0, 10), (0.8, 0.8, 2.0)).softseg
    curve = csa_by_threshold(cord)
    assert curve["csa_bin_mm2"].is_monotonic_decreasing
    assert curve["csa_soft_minus_bin_mm2"].iloc[0] < 0 < curve["csa_soft_minus_bin_mm2"].iloc[-1]
    middle = curve.set_index("threshold")["csa_bin_mm2"][0.5]
    assert middle == csa_per_slice(cord, mode="bin")["area_mm2"].mean()


def test_only_the_given_slices_enter() -> None:
    data = np.zeros((8, 8, 6), dtype=np.float32)
    data[2:6, 2:6, :] = 0.4
    data[3:5, 3:5, :3] = 0.8
    curve = csa_by_threshold(
        Volume(data, rpi_affine((1, 1, 2))), np.array([0, 1]), thresholds=(0.3, 0.5, 0.9)
    )
    assert curve["csa_bin_mm2"][:2].tolist() == pytest.approx([16, 4])
    assert np.isnan(curve["csa_bin_mm2"][2])


def test_std_over_contrasts_is_taken_per_participant_and_threshold() -> None:
    curves = pd.DataFrame(
        [
            (t, who, contrast, base + t * step)
            for t in (0.2, 0.4)
            for who, base in (("sub-01", 70.0), ("sub-02", 80.0))
            for contrast, step in (("T1w", 0.0), ("T2w", 10.0))
        ]
        + [(0.2, "sub-03", "T1w", 60.0)],
        columns=["threshold", "participant_id", "contrast", "csa_bin_mm2"],
    )
    table = csa_std_by_threshold(curves).set_index("threshold")
    assert table["csa_bin_std_mm2"].tolist() == pytest.approx([2 / 2**0.5, 4 / 2**0.5])
    assert table["n"].tolist() == [2, 2]
    assert table["csa_bin_std_sd_mm2"].tolist() == pytest.approx([0, 0], abs=1e-9)
