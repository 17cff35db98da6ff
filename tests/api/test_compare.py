"""A data frame with five columns is compared as a study is."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

import softcord
from softcord.stats.questions import Question

COLUMNS = ["method", "participant", "contrast", "metric", "value"]


def frame(
    metrics: dict[str, float], contrasts: tuple[str, ...] = ("T1w", "T2w"), n: int = 12
) -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = [
        (method, f"sub-{i:02d}", contrast, metric, base + gain * (method == "b") + 0.01 * rng.normal())
        for metric, (base, gain) in {name: (1.0, gain) for name, gain in metrics.items()}.items()
        for method in "ab"
        for i in range(n)
        for contrast in contrasts
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def test_every_metric_is_tested_between_methods_and_said_in_a_sentence() -> None:
    answer = softcord.compare(frame({"dice": 0.5, "my_score": 0.0}))
    methods = answer.table[answer.table["a"] == "a"].set_index("metric")
    assert methods["n"].to_dict() == {"dice": 12, "my_score": 12}
    assert methods["p_adjusted"]["dice"] < 0.01 < methods["p_adjusted"]["my_score"]
    assert len(answer.sentences) == 2
    assert "Dice" in str(answer)


def test_csa_in_several_contrasts_is_asked_for_its_spread_and_for_the_contrasts() -> None:
    table = softcord.compare(frame({"csa_mm2": 0.0}, ("T1w", "T2w", "dwi"))).table
    assert set(table["metric"]) == {"csa_mm2", "csa_std_mm2"}
    assert any(question.startswith("CSA over contrasts") for question in table["question"])


def test_one_method_alone_is_asked_about_its_contrasts() -> None:
    one = frame({"csa_mm2": 0.0})
    table = softcord.compare(one[one["method"] == "a"]).table
    assert (table["question"].str.startswith("CSA")).all()


def test_participants_may_be_called_as_in_measures_csv_and_seeds_are_no_participants() -> None:
    seeds = [
        frame({"dice": 0.1}).rename(columns={"participant": "participant_id"}).assign(seed=s) for s in (1, 2)
    ]
    table = softcord.compare(pd.concat(seeds)).table
    assert set(table["n"]) == {12}


def test_a_missing_value_drops_its_participant_and_says_so() -> None:
    holed = frame({"dice": 0.1})
    holed.loc[0, "value"] = np.nan
    table = softcord.compare(holed).table
    assert table[["n", "dropped"]].iloc[0].tolist() == [11, 1]


def test_own_questions_are_asked_instead() -> None:
    question = Question("mine", "dice", methods=("b", "a"))
    assert softcord.compare(frame({"dice": 0.1}), questions=[question]).table["question"].unique() == ["mine"]


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        (lambda good: good.drop(columns="metric"), "lacks the column metric. Needed: method, participant"),
        (lambda good: good.drop(columns="participant"), "lacks the column participant"),
        (lambda good: pd.concat([good, good]), "several values of a, sub-00, T1w, dice"),
        (lambda good: good.assign(value="good"), "column value holds what is no number"),
        (lambda good: good.assign(value=np.inf), "infinite"),
        (lambda good: good[good["method"] == "a"], "one method"),
        (
            lambda good: good[(good["method"] == "a") | (good["participant"] != "sub-03")],
            "other participants",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused_in_one_line(
    spoilt: Callable[[pd.DataFrame], pd.DataFrame], said: str
) -> None:
    with pytest.raises(softcord.SoftcordError, match=said) as error:
        softcord.compare(spoilt(frame({"dice": 0.1})))
    assert "\n" not in str(error.value)


def test_a_notebook_shows_names_as_text_and_never_as_markup() -> None:
    named = frame({"dice": 0.1}).replace({"method": {"a": "<script>"}})
    shown = softcord.compare(named)._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;" in shown


def test_the_frame_is_left_as_it_is() -> None:
    given = frame({"dice": 0.1})
    kept = given.copy()
    softcord.compare(given)
    pd.testing.assert_frame_equal(given, kept)
