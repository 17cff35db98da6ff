import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from softcord.errors import DataError
from softcord.measure.metrics import METRICS
from softcord.measure.table import MEASURE_COLUMNS, Measure, measures_frame, read_measures, write_measures
from tests.speed import assert_within

ROWS = [
    Measure("sub-01", "T1w", "csa_mm2", 0.1 + 0.2, level="2:3", session_id="ses-1", seed="15"),
    Measure("sub-01", "T2w", "dice", math.nan),
]


def test_columns_are_those_of_the_design_in_their_order() -> None:
    frame = measures_frame(ROWS)
    assert tuple(frame.columns) == MEASURE_COLUMNS
    assert frame["unit"].tolist() == ["mm2", "1"]
    assert frame["session_id"].tolist() == ["ses-1", "n/a"]


def test_a_table_comes_back_bit_for_bit(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(size=1000) * 10.0 ** np.linspace(-300, 300, 1000)
    frame = measures_frame(Measure("sub-01", "T1w", "csa_mm2", float(v), level="3") for v in values)
    write_measures(tmp_path / "measures.csv", frame)
    pd.testing.assert_frame_equal(read_measures(tmp_path / "measures.csv"), frame, check_exact=True)


def test_missing_is_written_as_na_and_read_as_nan(tmp_path: Path) -> None:
    path = tmp_path / "new" / "measures.csv"
    write_measures(path, measures_frame(ROWS))
    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[2] == "n/a,n/a,n/a,n/a,n/a,n/a,sub-01,n/a,T2w,n/a,dice,n/a,1"
    back = read_measures(path)
    assert np.isnan(back["value"][1])
    assert back["level"].tolist() == ["2:3", "n/a"]
    assert back["seed"][0] == "15"


def test_more_columns_are_kept_behind_and_order_does_not_matter(tmp_path: Path) -> None:
    frame = measures_frame(ROWS).assign(findings="odd")[["findings", *reversed(MEASURE_COLUMNS)]]
    write_measures(tmp_path / "m.csv", frame)
    assert tuple(read_measures(tmp_path / "m.csv").columns) == (*MEASURE_COLUMNS, "findings")


def test_a_lacking_column_is_named(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    measures_frame(ROWS).drop(columns="level").to_csv(path)
    with pytest.raises(DataError, match="lacks the column level"):
        read_measures(path)
    with pytest.raises(DataError, match="lacks the column contrast"):
        write_measures(path, measures_frame(ROWS).drop(columns="contrast"))


@pytest.mark.parametrize(
    ("content", "what"),
    [(None, "does not exist"), (b"", "not a table"), (b"\xff\xfe\x00", "not a table")],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes | None, what: str) -> None:
    path = tmp_path / "m.csv"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=what):
        read_measures(path)


def test_a_value_that_is_no_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m.csv"
    measures_frame(ROWS).assign(value=["75.2", "about 3"]).to_csv(path, index=False)
    with pytest.raises(DataError, match="column value"):
        read_measures(path)


def test_a_failed_write_leaves_the_old_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.csv"
    write_measures(path, measures_frame(ROWS))
    before = path.read_bytes()

    def full_disk(*_: object, **__: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full_disk)
    with pytest.raises(OSError, match="no space"):
        write_measures(path, measures_frame(ROWS[:1]))
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["m.csv"]


def test_three_hundred_thousand_rows_take_seconds(tmp_path: Path) -> None:
    def write_and_read() -> None:
        frame = measures_frame(Measure(f"sub-{n % 300}", "T1w", "csa_mm2", n / 7) for n in range(300_000))
        write_measures(tmp_path / "m.csv", frame)
        assert len(read_measures(tmp_path / "m.csv")) == 300_000

    assert_within(5, write_and_read)


def test_every_metric_carries_its_unit_in_its_name_or_has_none() -> None:
    endings = {"mm2": "_mm2", "mm": "_mm", "mm3": "_mm3", "%": "_pct", "deg": "_deg", "s": "_s"}
    for name, metric in METRICS.items():
        assert metric.name == name
        assert metric.label
        assert name.endswith(endings.get(metric.unit, name))
        if metric.better != "none" and metric.unit != "s":  # the shorter the better, without an end
            assert metric.optimum is not None
