"""A person among healthy people of the same sex and age."""

import numpy as np
import pytest
from scipy.stats import norm

from softcord.measure.norms.compare import MEASURES, SETS, Person, norm_curve, norm_of, norm_rows, norm_table
from softcord.measure.norms.figure import write_norm_svg
from softcord.measure.norms.rows import find_person, person


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("metric", MEASURES)
def test_the_median_is_the_50th_centile_and_each_centile_its_own_z(name: str, metric: str) -> None:
    row = norm_curve(name, "F", 2, metric).iloc[3]
    who = Person("F", float(row["age"]))
    for centile in (5, 50, 95):
        value = row["median"] * np.exp(row["sd_log"] * norm.ppf(centile / 100))
        found = norm_of(name, who, 2, metric, value)
        assert found is not None
        assert found.centile == pytest.approx(centile, abs=1e-6)
        assert found.z == pytest.approx(norm.ppf(centile / 100), abs=1e-6)


def test_beyond_the_ages_and_levels_of_a_set_there_is_no_value() -> None:
    assert norm_of("t2w", Person("M", 75), 2, "area_mm2", 70) is None
    assert norm_of("t1w", Person("M", 5), 2, "area_mm2", 70) is None
    assert norm_of("t1w", Person("M", 50), 12, "area_mm2", 70) is None
    assert norm_of("t1w", Person("M", 50), 2, "area_mm2", float("nan")) is None


def test_an_unknown_set_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="t1w, t2w"):
        norm_table("dwi")


def test_groups_of_several_levels_have_no_value() -> None:
    values = {"area_mm2": 65.0, "diameter_ap_mm": 7.5, "diameter_rl_mm": 11.0}
    rows = norm_rows([{"level": "2", **values}, {"level": "2:3", **values}], "t1w", Person("F", 40))
    assert {row["level"] for row in rows} == {"2"}
    assert len(rows) == 6


@pytest.mark.parametrize(("sex", "age", "expected"), [("female", "34", Person("F", 34)), ("n/a", "34", None)])
def test_a_person_is_read_from_words(sex: str, age: str, expected: Person | None) -> None:
    assert person(sex, age) == expected


def test_sex_and_age_are_found_in_the_data_set(tmp_path) -> None:  # type: ignore[no-untyped-def]
    (tmp_path / "participants.tsv").write_text("participant_id\tsex\tage\nsub-01\tM\t41\n")
    mask = tmp_path / "derivatives" / "labels" / "sub-01" / "anat" / "sub-01_T2w_label-SC_seg.nii.gz"
    assert find_person(mask) == Person("M", 41)


def test_the_figure_shows_the_person_and_the_curves(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_norm_svg(tmp_path / "norm.svg", "t1w", Person("F", 40), {2: 60.0, 3: 58.0})
    text = (tmp_path / "norm.svg").read_text()
    assert text.startswith("<?xml")
    assert "not for diagnosis" in text or text.count("<use") > 2
