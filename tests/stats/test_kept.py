"""What was found in measures is found once while nobody changes them, and anew at any other time."""

import pandas as pd
import pytest

from softcord.stats.kept import kept, unchanged

MEASURES = pd.DataFrame({"value": [1.0, 2.0]})
asked: list[str] = []


@kept
def found(measures: pd.DataFrame, what: str, *, much: bool = False) -> float:
    asked.append(what)
    return float(measures["value"].sum()) * (2 if much else 1)


@pytest.fixture(autouse=True)
def _nothing_asked() -> None:
    asked.clear()


def test_an_answer_is_found_once_for_each_question_of_the_table_that_stays() -> None:
    with unchanged(MEASURES):
        answers = [
            found(MEASURES, "a"),
            found(MEASURES, "a"),
            found(MEASURES, "b"),
            found(MEASURES, "a", much=True),
        ]
    assert answers == [3, 3, 3, 6]
    assert asked == ["a", "b", "a"]


def test_another_table_and_a_table_nobody_promised_anything_about_are_asked_each_time() -> None:
    other = MEASURES.copy()
    with unchanged(MEASURES):
        assert found(other, "a") == 3
        other["value"] = 5.0
        assert found(other, "a") == 10
    assert [found(MEASURES, "a"), found(MEASURES, "a")] == [3, 3]
    assert asked == ["a"] * 4


def test_after_an_error_nothing_is_kept_any_more() -> None:
    with pytest.raises(RuntimeError), unchanged(MEASURES):
        raise RuntimeError
    assert [found(MEASURES, "a"), found(MEASURES, "a")] == [3, 3]
    assert len(asked) == 2
