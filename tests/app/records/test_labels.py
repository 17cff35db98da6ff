"""Runs of one label differ in the seed alone, whatever key was changed; labels are short and readable."""

from pathlib import Path

import pytest

from softcord.app.config.compose import combinations, compose
from softcord.app.config.plan import Plan, make_plan
from softcord.app.config.settings_of import told_settings
from softcord.app.records.labels import labelled, told_apart
from softcord.sweep import labels as naming
from softcord.sweep.labels import Made, differing, label_all


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def plans(*arguments: str) -> list[Plan]:
    return [make_plan(compose(*overrides)) for overrides in combinations(arguments)]


def labels(*arguments: str) -> list[str]:
    return [plan.method for plan in labelled(plans(*arguments))]


@pytest.mark.parametrize(
    ("swept", "words"),
    [
        ("train.learning_rate=0.001,0.01", ("lr0.001", "lr0.01")),
        ("train.patience=null,3", ("no_patience", "patience3")),
        ("model=small,small_deep", ("small", "small_deep")),
        ("train=demo,laptop", ("demo", "laptop")),
        ("train.patch_size_mm=[32,48,64],[32,32,64]", ("patch32-48-64", "patch32-32-64")),
        ("gt.alignment=translation,rigid", ("alignment-translation", "alignment-rigid")),
        ("split.seed=1,2", ("split_seed1", "split_seed2")),
        ("volumes.spacing_mm=1.0,2.0", ("spacing1", "spacing2")),
        ("levels='2:3','4:5'", ("levels2-3", "levels4-5")),
        ("reference=soft,hard", ("reference-soft", "reference-hard")),
        ("phantom=tiny,demo", ("tiny", "demo")),
    ],
)
def test_whatever_is_swept_stands_in_the_label(swept: str, words: tuple[str, str]) -> None:
    first, second = (f"soft_all_{word}" for word in words)
    assert labels(swept, "seed=1,2") == [first, first, second, second]


@pytest.mark.parametrize(
    ("swept", "names"),
    [
        ("gt=soft,hard", ["soft_all", "hard_all_SoftSeg"]),
        ("loss.omega=8,9", ["soft_all", "soft_all_omega9"]),
        ("seed=1,2", ["soft_all", "soft_all"]),
        ("train.learning_rate=0.001", ["soft_all"]),
        ("machine.jobs=1,2", ["soft_all", "soft_all"]),
    ],
)
def test_what_the_name_tells_or_no_result_depends_on_is_not_said_again(swept: str, names: list[str]) -> None:
    assert labels(swept) == names


def test_many_differences_are_a_checksum_that_stays_the_same() -> None:
    swept = ("train.epochs=1,2", "train.batch_size=1,2", "split.seed=1,2")
    many = ("train.learning_rate=1.5,2.5", "levels='2:3','4'")
    names = labels(*swept, *many)
    assert len(set(names)) == 32
    assert names == labels(*swept, *many)
    assert max(map(len, names)) < 30


def test_keys_that_an_engine_does_not_read_tell_nothing_apart() -> None:
    assert labels("engine=sct_propseg", "train.learning_rate=0.1,0.2") == ["sct_propseg", "sct_propseg"]


def test_the_whole_difference_is_told_as_arguments() -> None:
    (plan,) = plans(
        "model=small_deep", "train.learning_rate=0.01", "split.seed=3", "seed=2", "machine.jobs=1"
    )
    assert told_settings(plan) == "model=small_deep train.learning_rate=0.01 split.seed=3"


def test_finished_runs_of_one_name_that_differ_are_told_apart_and_that_is_said() -> None:
    methods = {"s1": "net", "s2": "net", "s3": "net", "other": "gt", "file": "net"}
    rates = {"s1": 0.004, "s2": 0.012, "s3": 0.004}
    settings = {run: {"train.learning_rate": rate, "model.depth": 2} for run, rate in rates.items()}
    names, (note,) = told_apart(methods, settings)
    assert names["s1"] == names["s3"] == "net_lr0.004"
    assert names["s2"] == "net_lr0.012"
    assert names["other"] == "gt"
    assert names["file"] == "net"  # it says nothing of its settings
    assert "Runs of net differ in more than the seed (train.learning_rate)" in note
    assert "2 methods" in note


def test_finished_runs_that_differ_in_the_seed_alone_keep_their_name() -> None:
    names, notes = told_apart({"s1": "net", "s2": "net"}, {"s1": {"rate": 0.1}, "s2": {"rate": 0.1}})
    assert names == {"s1": "net", "s2": "net"}
    assert notes == []


def test_a_command_of_twice_as_many_runs_compares_about_twice_as_many(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n_compared = 0

    def counted(one: Made, other: Made) -> list[str]:
        nonlocal n_compared
        n_compared += 1
        return differing(one, other)

    monkeypatch.setattr(naming, "differing", counted)
    needed = []
    for n in (100, 200):
        n_compared = 0
        stated = [{"train.learning_rate": (run // 2 + 1) / 1000} for run in range(n)]
        runs = [Made("soft_all", run % 2, stated[run], stated[run], str(run)) for run in range(n)]
        assert len(set(label_all(runs))) == n // 2
        needed.append(n_compared)
    assert needed[1] < 2.5 * needed[0]
