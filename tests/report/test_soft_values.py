"""The report's section on soft values says what a threshold study shows, and what it does not."""

import numpy as np
import pandas as pd
import pytest

from softcord.measure.csa import METHOD_VERSION
from softcord.report.page import Block, Items
from softcord.report.soft_values import StudyValues, section


def made_curves(best: float, participants: int = 6, *, hard: bool = False) -> pd.DataFrame:
    rows = []
    for n in range(participants):
        for contrast, sign in (("T1w", -1), ("T2w", 1)):
            for threshold in (0.3, 0.4, 0.5, 0.6):
                apart = 0.3 if hard else abs(threshold - best) + 0.1 * (n + 1)
                area = 70 + n + sign * apart - (0 if hard else 20 * threshold)
                rows.append((threshold, f"sub-{n}", "n/a", contrast, area, 0.5))
    columns = [
        "threshold",
        "participant_id",
        "session_id",
        "contrast",
        "csa_bin_mm2",
        "csa_soft_minus_bin_mm2",
    ]
    return pd.DataFrame(rows, columns=columns).assign(level="2:3", method_version=METHOD_VERSION)


def made_reliability(gap: float) -> pd.DataFrame:
    low = np.arange(10) / 10
    table = pd.DataFrame({"low": low, "high": low + 0.1, "n": 10, "pred_mean": low + 0.05})
    table["reference_mean"] = table["pred_mean"] + gap
    return pd.concat([table.assign(contrast=contrast) for contrast in ("T1w", "T2w")], ignore_index=True)


def said(blocks: tuple[Block, ...]) -> str:
    return " ".join(item for block in blocks if isinstance(block, Items) for item in block.items)


def test_each_methods_best_threshold_is_told_with_its_interval_and_its_area() -> None:
    shown = section(StudyValues({"soft_all": made_curves(0.4)}, {"soft_all": made_reliability(0)}))
    words = said(shown.blocks)
    assert "soft_all: contrasts agree best at 0.4 (95 % of resampled participants: 0.4 to 0.4)" in words
    assert "Areas there are +" in words
    row = shown.tables["thresholds"].iloc[0]
    assert (row["best threshold"], row["participants"], row["of"]) == (0.4, 6, 6)
    assert set(shown.figures) == {"thresholds", "calibration"}


@pytest.mark.parametrize(
    ("curves", "why"),
    [
        (made_curves(0.4, hard=True), "its masks are hard"),
        (made_curves(0.4, participants=2), "2 participants are too few"),
    ],
)
def test_hard_masks_and_few_participants_have_no_best_threshold(curves: pd.DataFrame, why: str) -> None:
    shown = section(StudyValues({"sct": curves}, {"sct": made_reliability(0)}))
    assert f"sct: no best threshold, {why}." in said(shown.blocks)


def test_values_off_by_a_tenth_have_a_calibration_error_of_a_tenth() -> None:
    shown = section(StudyValues({"soft_all": made_curves(0.4)}, {"soft_all": made_reliability(-0.1)}))
    table = shown.tables["calibration"]
    assert table["contrast"].tolist() == ["all", "T1w", "T2w"]
    np.testing.assert_allclose(table["calibration error"], 0.1)


def test_without_predictions_one_line_says_so_and_not_asked_for_nothing_is_there() -> None:
    assert "predictions are not at hand" in said(section(StudyValues(without=("soft_all",))).blocks)
    assert section(None).blocks == ()
