"""Tables of many runs as one."""

from pathlib import Path

import pytest

from softcord.measure.table import MEASURE_COLUMNS, Measure, measures_frame, write_measures
from softcord.stats.load import load_measures


@pytest.fixture
def nothing(tmp_path: Path) -> Path:
    """The table of a run of which nothing was measured."""
    path = tmp_path / "nothing.csv"
    write_measures(path, measures_frame([]))
    return path


def test_a_run_of_which_nothing_was_measured_adds_no_row(nothing: Path, tmp_path: Path) -> None:
    path = tmp_path / "measures.csv"
    write_measures(path, measures_frame([Measure("sub-1", "T1w", "dice", 0.9, run="a", method="b")]))
    both = load_measures([nothing, path])
    assert both["value"].tolist() == [0.9]
    assert both["metric"].tolist() == ["dice"]


def test_of_runs_without_measures_the_table_is_empty_and_has_its_columns(nothing: Path) -> None:
    table = load_measures([nothing, nothing])
    assert list(table.columns) == list(MEASURE_COLUMNS)
    assert table.empty


def test_people_and_seeds_whose_names_are_numbers_stay_text(tmp_path: Path) -> None:
    paths = [tmp_path / "a.csv", tmp_path / "b.csv"]
    for path, people in zip(paths, (["01", "1"], ["sub-1"]), strict=True):
        rows = [Measure(name, "T1w", "dice", 0.9, run="a", method="b", seed="1") for name in people]
        write_measures(path, measures_frame(rows))
    table = load_measures(paths)
    assert table["participant_id"].tolist() == ["01", "1", "sub-1"]
    assert table["seed"].tolist() == ["1", "1", "1"]
