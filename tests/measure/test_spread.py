import math

import pytest

from softcord.measure.spread import csa_std_rows
from softcord.measure.table import MEASURE_COLUMNS, Measure, measures_frame


def std_of(rows: list[Measure]) -> dict[tuple[str, str, str], float]:
    frame = csa_std_rows(measures_frame(rows))
    assert tuple(frame.columns) == MEASURE_COLUMNS
    assert set(frame["contrast"]) <= {"all"}
    return {(r.participant_id, r.level, r.metric): r.value for r in frame.itertuples()}  # type: ignore[misc]


def csa(who: str, contrast: str, value: float, metric: str = "csa_mm2", **more: str) -> Measure:
    return Measure(who, contrast, metric, value, **{"level": "2:3", **more})


def test_std_is_over_contrasts_with_ddof_1() -> None:
    found = std_of([csa("sub-01", "T1w", 70), csa("sub-01", "T2w", 76), csa("sub-01", "dwi", 73)])
    assert found["sub-01", "2:3", "csa_std_mm2"] == pytest.approx(3.0)
    assert found["sub-01", "2:3", "csa_std_contrasts"] == 3


def test_soft_and_binarised_are_kept_apart() -> None:
    rows = [
        csa("sub-01", c, v, m)
        for m, k in (("csa_mm2", 1), ("csa_bin_mm2", 2))
        for c, v in (("T1w", 70), ("T2w", 70 + k))
    ]
    found = std_of(rows)
    assert found["sub-01", "2:3", "csa_bin_std_mm2"] == pytest.approx(
        2 * found["sub-01", "2:3", "csa_std_mm2"]
    )


def test_missing_values_do_not_enter_and_one_contrast_has_no_std() -> None:
    found = std_of(
        [
            csa("sub-01", "T1w", 70),
            csa("sub-01", "T2w", math.nan),
            csa("sub-02", "T1w", 70),
            csa("sub-02", "T2w", math.nan),
            csa("sub-02", "dwi", 74),
        ]
    )
    assert {who for who, *_ in found} == {"sub-02"}
    assert found["sub-02", "2:3", "csa_std_contrasts"] == 2


def test_runs_sessions_and_levels_are_never_mixed() -> None:
    rows = [
        csa("sub-01", contrast, value + step, level=level, run=run, session_id=session)
        for contrast, value in (("T1w", 70), ("T2w", 72))
        for step, (level, run, session) in enumerate(
            [("2:3", "a", "ses-1"), ("2", "a", "ses-1"), ("2:3", "b", "ses-1"), ("2:3", "b", "ses-2")]
        )
    ]
    frame = csa_std_rows(measures_frame(rows))
    spread = frame[frame["metric"] == "csa_std_mm2"]
    assert len(spread) == 4
    assert spread["value"].tolist() == pytest.approx([2**0.5] * 4)


def test_other_metrics_and_an_empty_table_give_nothing() -> None:
    assert std_of([]) == {}
    assert std_of([csa("sub-01", "T1w", 0.9, "dice"), csa("sub-01", "T2w", 0.8, "dice")]) == {}


def test_a_method_that_misses_the_cord_in_any_contrast_has_no_std_there() -> None:
    found = std_of(
        [
            csa("sub-01", "T1w", 0),
            csa("sub-01", "T2w", 0),
            csa("sub-02", "T1w", 0),
            csa("sub-02", "T2w", 80),
        ]
    )
    assert math.isnan(found["sub-01", "2:3", "csa_std_mm2"])
    assert found["sub-01", "2:3", "csa_std_contrasts"] == 2
    assert math.isnan(found["sub-02", "2:3", "csa_std_mm2"])
