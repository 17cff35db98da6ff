"""Measures of many runs as one table: text stays text, also where it is all digits; a run may be empty."""

from pathlib import Path

from softcord.measure.table import MEASURE_COLUMNS
from softcord.stats.load import load_measures


def written(path: Path, *rows: dict[str, str]) -> Path:
    """Write a measures.csv of these rows, ``n/a`` in every column that a row does not name."""
    lines = [",".join(row.get(name, "n/a") for name in MEASURE_COLUMNS) for row in rows]
    path.write_text("\n".join([",".join(MEASURE_COLUMNS), *lines, ""]), encoding="utf-8")
    return path


def test_ids_levels_and_seeds_of_digits_are_the_same_text_whatever_stands_beside_them(tmp_path: Path) -> None:
    digits = {"participant_id": "01", "level": "3", "seed": "1", "value": "70.5"}
    words = {"participant_id": "sub-01", "level": "2:3", "seed": "n/a", "value": "71"}
    paths = [written(tmp_path / "a.csv", digits), written(tmp_path / "b.csv", words)]
    loaded = load_measures([*paths, written(tmp_path / "empty.csv")])
    for name in ("participant_id", "level", "seed"):
        assert loaded[name].tolist() == [digits[name], words[name]]
    assert loaded["value"].tolist() == [70.5, 71]
    assert load_measures(paths, level="3")["participant_id"].tolist() == ["01", "sub-01"]


def test_runs_of_which_nothing_could_be_measured_are_an_empty_table(tmp_path: Path) -> None:
    assert load_measures([written(tmp_path / "empty.csv")]).empty
