import numpy as np
import pytest
from scipy import stats

from softcord.measure.agreement import agreement_per_pair
from softcord.measure.table import Measure, measures_frame

RNG = np.random.default_rng(4)
T1W = RNG.normal(75, 9, 30)
T2W = 1.05 * T1W + 2 + RNG.normal(0, 1, 30)


def frame(*columns: tuple[str, np.ndarray]) -> "object":
    return measures_frame(
        Measure(f"sub-{n:02d}", contrast, "csa_mm2", float(v), level="2:3")
        for contrast, values in columns
        for n, v in enumerate(values)
    )


def test_each_pair_has_its_regression_and_limits_of_agreement() -> None:
    (row,) = agreement_per_pair(frame(("T2w", T2W), ("T1w", T1W))).to_dict("records")  # type: ignore[arg-type]
    assert (row["contrast_x"], row["contrast_y"], row["n"]) == ("T1w", "T2w", 30)
    slope, intercept = np.polyfit(T1W, T2W, 1)
    assert row["slope"] == pytest.approx(slope)
    assert row["intercept"] == pytest.approx(intercept)
    assert row["r2"] == pytest.approx(stats.pearsonr(T1W, T2W).statistic ** 2)
    assert row["bias"] == pytest.approx(np.mean(T2W) - np.mean(T1W))
    half_width = 1.96 * np.std(T2W - T1W, ddof=1)
    assert row["loa_high"] - row["bias"] == pytest.approx(half_width)
    assert row["bias"] - row["loa_low"] == pytest.approx(half_width)


def test_six_contrasts_have_fifteen_pairs() -> None:
    names = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
    table = agreement_per_pair(frame(*((name, T1W + k) for k, name in enumerate(names))))  # type: ignore[arg-type]
    assert len(table) == 15
    assert table["r2"].tolist() == pytest.approx([1.0] * 15)


def test_only_participants_with_both_contrasts_enter() -> None:
    lacking = T2W.copy()
    lacking[::2] = np.nan
    (row,) = agreement_per_pair(frame(("T1w", T1W), ("T2w", lacking))).to_dict("records")  # type: ignore[arg-type]
    assert row["n"] == 15


def test_two_participants_make_no_line() -> None:
    (row,) = agreement_per_pair(frame(("T1w", T1W[:2]), ("T2w", T2W[:2]))).to_dict("records")  # type: ignore[arg-type]
    assert row["n"] == 2
    assert np.isnan(row["slope"])
