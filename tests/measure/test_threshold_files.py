"""The threshold at which contrasts agree best, from mask files."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import gaussian_filter

from softcord.io.nifti import write_volume
from softcord.measure.files import MaskFiles, MeasureSettings
from softcord.measure.threshold_files import best_threshold, threshold_curves, write_curves


def made_curves(best: float) -> pd.DataFrame:
    rows = [
        (threshold, f"sub-{n}", contrast, 70 + n + sign * (abs(threshold - best) + 0.1 * n))
        for threshold in (0.2, 0.4, 0.6, 0.8)
        for n in range(5)
        for contrast, sign in (("T1w", -1), ("T2w", 1))
    ]
    return pd.DataFrame(rows, columns=["threshold", "participant_id", "contrast", "csa_bin_mm2"])


@pytest.mark.parametrize("best", [0.4, 0.6])
def test_the_threshold_of_the_smallest_spread_is_found_with_its_interval(best: float) -> None:
    found = best_threshold(made_curves(best))
    assert found is not None
    assert (found.threshold, found.low, found.high, found.participants) == (best, best, best, 5)


def test_of_two_participants_no_optimum_is_told() -> None:
    curves = made_curves(0.4)
    assert best_threshold(curves[curves["participant_id"].isin(["sub-0", "sub-1"])]) is None


def test_the_area_of_a_soft_mask_falls_with_the_threshold_and_is_drawn(tmp_path) -> None:  # type: ignore[no-untyped-def]
    i, j, _ = np.indices((30, 30, 8))
    soft = gaussian_filter((np.hypot(i - 15, j - 15) < 6).astype(np.float32), (1.5, 1.5, 0))
    path = tmp_path / "sub-01_T2w_label-SC_seg.nii.gz"
    write_volume(path, soft, np.eye(4))
    curves = threshold_curves([MaskFiles(path)], MeasureSettings())
    assert (np.diff(curves["csa_bin_mm2"]) <= 0).all()
    assert set(curves["contrast"]) == {"T2w"}
    write_curves(tmp_path / "curve.csv", curves)
    assert (tmp_path / "curve.svg").read_text().startswith("<?xml")
