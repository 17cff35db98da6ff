"""Who is called best is never more than the question's own tests say."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softcord.stats.best import Best, best_of
from softcord.stats.compare import compare_in_detail
from softcord.stats.missed import failures
from softcord.stats.questions import Question
from tests.stats.measures import make_measures

QUESTION = Question("CSA STD", "csa_std_mm2")


def asked(measures: pd.DataFrame, question: Question = QUESTION) -> Best:
    detailed = compare_in_detail(measures, [question], allow_different=True)
    counts = failures(measures, "2:3").set_index("method")
    failed = {str(name): (int(row["failed"]), int(row["images"])) for name, row in counts.iterrows()}
    best = best_of(detailed, failed)
    assert best is not None
    return best


def errors(**values: list[float]) -> pd.DataFrame:
    """Measures with the absolute CSA error of each participant, one image each, by method."""
    rows = [
        (f"{method}_s1", method, "soft", "6", "awing", "1", f"sub-{i:02d}", "n/a", "T2w", "2:3",
         "csa_abs_error_mm2", value, "mm2")
        for method, column in values.items() for i, value in enumerate(column)
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(make_measures(participants=1).columns))


ERROR = Question("error", "csa_abs_error_mm2")


def blinded(measures: pd.DataFrame, method: str, people: slice = slice(None)) -> pd.DataFrame:
    """The same where a method finds no cord in some participants, whose spread then looks perfect."""
    names = sorted(measures["participant_id"].unique())[people]
    blind = (measures["method"] == method) & measures["participant_id"].isin(names)
    for metric, value in {"csa_mm2": 0.0, "csa_bin_mm2": 0.0, "dice": 0.0, "csa_std_mm2": 0.01}.items():
        measures.loc[blind & (measures["metric"] == metric), "value"] = value
    return measures


def test_a_method_better_than_every_other_is_best() -> None:
    best = asked(make_measures())
    assert (best.answer, best.leaders) == ("best", ("soft_all",))
    assert best.row is not None
    assert {best.row["a"], best.row["b"]} == {"soft_all", "soft_all_diceCE_loss"}


def test_where_all_methods_fail_nobody_is_best() -> None:
    measures = make_measures(methods=("a", "b"))
    best = asked(blinded(blinded(measures, "a"), "b"), Question("Dice", "dice"))
    assert (best.answer, best.leaders) == ("none", ())


def test_a_net_that_found_nothing_is_no_rival_and_never_wins() -> None:
    measures = blinded(make_measures(methods=("soft_all", "blind")), "blind")
    assert asked(measures).answer == "only one"
    assert asked(measures).leaders == ("soft_all",)
    assert asked(measures, Question("Dice", "dice")).leaders == ("soft_all",)


def test_two_methods_that_tie_are_alike_or_cannot_be_told_apart_but_none_is_best() -> None:
    same = list(np.linspace(1, 2, 12))
    assert asked(errors(a=same, b=same), ERROR).answer == "alike"
    rng = np.random.default_rng(0)
    noisy = {name: list(rng.normal(5, 3, 12)) for name in ("a", "b")}
    best = asked(errors(**noisy), ERROR)
    assert (best.answer, set(best.leaders)) == ("cannot tell", {"a", "b"})
    assert "does not show that there is none" in best.why


def test_best_on_the_mean_but_not_by_the_test_is_not_best() -> None:
    a = [5.0] * 11 + [90.0]
    b = [5.1, 4.9] * 6
    best = asked(errors(a=a, b=b), ERROR)
    assert best.answer != "best"


def test_better_by_ranks_and_worse_on_the_mean_is_not_best() -> None:
    a = [1.0] * 40 + [100.0] * 4
    b = [2.0] * 44
    best = asked(errors(a=a, b=b), ERROR)
    assert best.answer == "cannot tell"
    assert best.why == "the typical and the mean difference point opposite ways"


@pytest.mark.parametrize(
    ("n", "why"),
    [
        (1, "not tested: only one has both values"),
        (2, "not tested: 2 pairs cannot tell"),
        (3, "no p below 0.25"),
    ],
)
def test_with_one_two_or_three_participants_it_cannot_be_told(n: int, why: str) -> None:
    best = asked(make_measures(methods=("soft_all", "hard_all_SoftSeg"), participants=n))
    assert (best.answer, len(best.leaders)) == ("cannot tell", 2)
    assert why in best.why


def test_a_method_does_not_win_by_failing_in_the_difficult_people() -> None:
    a, b = [1.0 + i / 100 for i in range(12)], [2.0 + i / 50 for i in range(12)]
    assert asked(errors(a=a, b=b), ERROR).leaders == ("a",)
    one = errors(a=[float("nan"), *a[1:]], b=b)
    assert asked(one, ERROR).leaders == ("a",), "one of twelve does not turn it"
    half = errors(a=[float("nan")] * 5 + a[5:], b=b)
    best = asked(half, ERROR)
    assert best.answer == "cannot tell"
    assert best.why == "a has no value in 5 of 12: counted as worse there, it is not better"


def test_a_rival_that_failed_does_not_make_the_other_worse() -> None:
    a, b = [1.0 + i / 100 for i in range(12)], [2.0 + i / 50 for i in range(12)]
    assert asked(errors(a=a, b=[float("nan")] * 3 + b[3:]), ERROR).leaders == ("a",)


def test_where_other_seeds_may_turn_it_nobody_is_best() -> None:
    rng = np.random.default_rng(1)
    runs = []
    for method, moved in (("a", (0.0, 3.0)), ("b", (1.0, 4.2))):
        for seed, by in enumerate(moved, 1):
            own = errors(**{method: list(5 + by + rng.normal(0, 0.1, 12))})
            runs.append(own.assign(run=f"{method}_s{seed}", seed=str(seed)))
    best = asked(pd.concat(runs, ignore_index=True), ERROR)
    assert best.answer == "cannot tell"
    assert best.why == "with other seeds in mind no such difference is shown"


def test_of_three_of_which_two_lead_both_are_named() -> None:
    rng = np.random.default_rng(2)
    best = asked(
        errors(
            a=list(rng.normal(1, 0.9, 15)), b=list(rng.normal(1, 0.9, 15)), c=list(rng.normal(20, 0.9, 15))
        ),
        ERROR,
    )
    assert (best.answer, best.leaders) == ("cannot tell", ("a", "b"))


def test_a_question_without_a_better_direction_has_no_best() -> None:
    detailed = compare_in_detail(make_measures(), [Question("CSA", "csa_mm2")])
    assert best_of(detailed, {}) is None


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 9),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 0.3, 3.0]),
    st.sampled_from([0.0, 0.2, 0.6]),
)
def test_whatever_the_data_the_best_beats_all_by_test_and_mean(
    n: int, seed: int, apart: float, holes: float
) -> None:
    rng = np.random.default_rng(seed)
    columns = {}
    for place, name in enumerate("abc"):
        column = rng.normal(5 + place * apart, 1, n).round(1)
        column[rng.random(n) < holes] = np.nan
        columns[name] = list(column)
    measures = errors(**columns)
    if measures["value"].isna().all():
        return
    detailed = compare_in_detail(measures, [ERROR], allow_different=True)
    best = best_of(detailed, {})
    assert best is not None
    if best.answer != "best":
        assert len(best.leaders) > 1
        return
    (name,) = best.leaders
    for row in detailed[(detailed["a"] == name) | (detailed["b"] == name)].to_dict("records"):
        assert row["verdict"] == ("a lower" if row["a"] == name else "a higher")
        assert row["mean_difference"] * (1 if row["a"] == name else -1) <= 0
        assert row["p_adjusted"] < 0.05
