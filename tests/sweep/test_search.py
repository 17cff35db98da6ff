"""A search: its number of trials is a total, what was killed is tried again, and one sweeper holds it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pytest

from softcord.errors import PrunedError, RunError, StudyError, UsageError
from softcord.sweep.search import (
    Options,
    Range,
    all_alike,
    best_trials,
    n_finished,
    open_search,
    run_search,
    search_figures,
    trials_table,
    watch_trial,
)
from softcord.sweep.search_settings import Outcome, SearchSettings, Trial

SPACE = {"x": Range(-3.0, 3.0), "n": Range(1, 4), "word": Options(("a", "b"))}
ERROR = {"csa_abs_error_mm2": "minimize"}


def database(folder: Path) -> str:
    return f"sqlite:///{folder}/optuna.db"


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with Optuna's tables, whose making takes half a second."""
    folder = tmp_path_factory.mktemp("empty")
    optuna.storages.RDBStorage(database(folder))
    return folder / "optuna.db"


@pytest.fixture(autouse=True)
def _own_database(empty_database: Path, tmp_path: Path) -> None:
    shutil.copy(empty_database, tmp_path)


def bowl(trial: Trial) -> Outcome:
    """Least, 0, at x = 1, n = 2, word = a."""
    x, n, word = (trial.values[key] for key in ("x", "n", "word"))
    return Outcome(((float(x) - 1) ** 2 + abs(int(n) - 2) + (word == "b"),))


def search(folder: Path, settings: SearchSettings, run: Callable[[Trial], Outcome | None] = bowl) -> int:
    with open_search(database(folder), "s", ERROR, settings, "context") as study:
        return run_search(study, SPACE, settings, lambda trials: [run(trial) for trial in trials])


@pytest.mark.parametrize("sampler", ["tpe", "gp", "cmaes", "random", "qmc", "nsgaii"])
def test_every_sampler_searches_numbers_whole_numbers_and_words(sampler: str, tmp_path: Path) -> None:
    seen = []

    def run(trial: Trial) -> Outcome:
        seen.append(trial.values)
        return bowl(trial)

    assert search(tmp_path, SearchSettings(n_trials=6, sampler=sampler), run) == 6
    assert all(-3 <= values["x"] <= 3 and values["n"] in (1, 2, 3, 4) for values in seen)
    assert len({values["x"] for values in seen}) > 3


def test_a_guided_sampler_finds_the_least_value(tmp_path: Path) -> None:
    settings = SearchSettings(n_trials=40)
    search(tmp_path, settings)
    with open_search(database(tmp_path), "s", ERROR, settings, "context") as study:
        (best,) = best_trials(study)
        assert (best.values["n"], best.values["word"]) == (2, "a")
        assert abs(float(best.values["x"]) - 1) < 0.5
        assert trials_table(study)["csa_abs_error_mm2"].iloc[0] == study.best_value


def test_the_number_of_trials_is_the_total_over_all_starts(tmp_path: Path) -> None:
    assert search(tmp_path, SearchSettings(n_trials=4)) == 4
    assert search(tmp_path, SearchSettings(n_trials=4)) == 0
    assert search(tmp_path, SearchSettings(n_trials=6)) == 2
    assert search(tmp_path, SearchSettings(n_trials=3)) == 0


def test_a_new_start_does_not_draw_the_first_values_again(tmp_path: Path) -> None:
    seen: list[float] = []

    def run(trial: Trial) -> Outcome:
        seen.append(float(trial.values["x"]))
        return bowl(trial)

    for total in (3, 6, 9):
        search(tmp_path, SearchSettings(n_trials=total, sampler="random"), run)
    assert len(set(seen)) == 9


def test_a_failed_trial_does_not_count_and_too_many_end_the_search(tmp_path: Path) -> None:
    def every_other(trial: Trial) -> Outcome | None:
        return None if trial.number % 2 else bowl(trial)

    assert search(tmp_path, SearchSettings(n_trials=3, max_failures=2), every_other) == 5
    with pytest.raises(StudyError, match=r"search s: 1 trials failed"):
        search(tmp_path, SearchSettings(n_trials=9, max_failures=0), lambda _trial: None)


def test_trials_are_launched_in_batches_that_never_exceed_the_total(tmp_path: Path) -> None:
    sizes = []

    def run(trials: list[Trial]) -> list[Outcome]:
        sizes.append(len(trials))
        return [bowl(trial) for trial in trials]

    settings = SearchSettings(n_trials=10, n_jobs=4)
    with open_search(database(tmp_path), "s", ERROR, settings, "context") as study:
        run_search(study, SPACE, settings, run)
    assert sizes == [4, 4, 2]


def test_two_sweepers_cannot_hold_one_search(tmp_path: Path) -> None:
    first = open_search(database(tmp_path), "s", ERROR, SearchSettings(), "context")
    second = open_search(database(tmp_path), "s", ERROR, SearchSettings(), "context")
    with first, pytest.raises(RunError, match="search s: is being run by another process"), second:
        pass


@pytest.mark.parametrize(("objectives", "context"), [(ERROR, "other"), ({"dice": "maximize"}, "context")])
def test_trials_of_other_settings_are_not_mixed_in(
    objectives: dict[str, str], context: str, tmp_path: Path
) -> None:
    search(tmp_path, SearchSettings(n_trials=1))
    again = open_search(database(tmp_path), "s", objectives, SearchSettings(), context)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="was begun with other settings or objectives"), again:
        pass


def test_a_hopeless_trial_is_pruned_by_what_it_reports(tmp_path: Path) -> None:
    said = []

    def run(trial: Trial) -> Outcome:
        report = watch_trial(database(tmp_path), "s", trial.number)
        assert report is not None
        try:
            for epoch in range(3):
                report(epoch, 100.0 if trial.number == 6 else 1.0)
        except PrunedError as end:
            said.append(str(end))
            return Outcome(pruned=True)
        return bowl(trial)

    assert search(tmp_path, SearchSettings(n_trials=8), run) == 8
    with open_search(database(tmp_path), "s", ERROR, SearchSettings(), "context") as study:
        states = trials_table(study).set_index("trial")["state"]
        assert said == ["trial 6 of s was pruned after epoch 0"]
        assert states[states == "pruned"].index.tolist() == [6]
        assert np.isnan(trials_table(study).set_index("trial").loc[6, "csa_abs_error_mm2"])


def test_nothing_is_reported_to_a_trial_that_is_over_or_without_a_pruner(tmp_path: Path) -> None:
    search(tmp_path, SearchSettings(n_trials=1))
    assert watch_trial(database(tmp_path), "s", 0) is None

    def run(trial: Trial) -> Outcome:
        assert watch_trial(database(tmp_path), "s", trial.number) is None
        return bowl(trial)

    assert search(tmp_path, SearchSettings(n_trials=2, pruner="none"), run) == 1


def test_several_objectives_give_the_trials_that_none_surpasses(tmp_path: Path) -> None:
    both = {"csa_std_mm2": "minimize", "dice": "maximize"}
    settings = SearchSettings(n_trials=8, sampler="nsgaii")

    def run(trials: list[Trial]) -> list[Outcome]:
        return [Outcome((float(trial.values["x"]) ** 2, float(trial.values["x"]))) for trial in trials]

    with open_search(database(tmp_path), "s", both, settings, "context") as study:  # type: ignore[arg-type]
        run_search(study, SPACE, settings, run)
        best = [float(trial.values["x"]) for trial in best_trials(study)]
        # Only x >= 0, and the x nearest to 0 from below, can be best at both.
        assert best
        assert sum(x < 0 for x in best) <= 1
        assert {"pareto_front", "history_dice", "contour_csa_std_mm2"} <= set(
            search_figures(study, ["CSA STD", "Dice"])
        )
    with pytest.raises(UsageError, match="cmaes optimises one objective only"):
        open_search(database(tmp_path), "t", both, SearchSettings(sampler="cmaes"), "").__enter__()  # type: ignore[arg-type]


def test_trials_with_one_value_have_no_best_among_them(tmp_path: Path) -> None:
    with open_search(database(tmp_path), "s", ERROR, SearchSettings(n_trials=1), "context") as study:
        run_search(
            study, SPACE, SearchSettings(n_trials=1), lambda trials: [Outcome((83.7,)) for _ in trials]
        )
        assert not all_alike(study)
        run_search(
            study, SPACE, SearchSettings(n_trials=3), lambda trials: [Outcome((83.7,)) for _ in trials]
        )
        assert all_alike(study)
        run_search(
            study, SPACE, SearchSettings(n_trials=4), lambda trials: [Outcome((83.6,)) for _ in trials]
        )
        assert not all_alike(study)


def test_figures_show_history_contour_and_importance_as_soon_as_there_is_something_to_show(
    tmp_path: Path,
) -> None:
    settings = SearchSettings(n_trials=1)
    with open_search(database(tmp_path), "s", ERROR, settings, "context") as study:
        assert search_figures(study, ["error"]) == {}
        run_search(study, SPACE, settings, lambda trials: [bowl(trial) for trial in trials])
        assert set(search_figures(study, ["error"])) == {"history"}
        run_search(study, SPACE, SearchSettings(n_trials=8), lambda trials: [bowl(t) for t in trials])
        assert set(search_figures(study, ["error"])) == {"history", "contour", "importance"}


KILLED = """
import os, signal, sys
from softcord.sweep.search import *
from softcord.sweep.search_settings import *
settings = SearchSettings(n_trials=30, n_jobs=2)
ran = 0
def run(trials):
    global ran
    for trial in trials:
        with open(sys.argv[2], "a") as log:
            log.write(f"{trial.values['x']!r}\\n")
        ran += 1
        if ran == int(sys.argv[3]):
            os.kill(os.getpid(), signal.SIGKILL)
    return [Outcome((float(trial.values["x"]) ** 2,), ) for trial in trials]
with open_search(sys.argv[1], "s", {"error": "minimize"}, settings, "c") as study:
    run_search(study, {"x": Range(-3.0, 3.0)}, settings, run)
"""


def test_a_search_killed_three_times_ends_with_exactly_the_wanted_trials_and_loses_no_values(
    tmp_path: Path,
) -> None:
    log = tmp_path / "tried"
    for kill_after in (5, 8, 1, 0):
        command = [sys.executable, "-c", KILLED, database(tmp_path), str(log), str(kill_after)]
        code = subprocess.run(command, capture_output=True, check=False).returncode
        assert code == (-9 if kill_after else 0)
    study = optuna.load_study(study_name="s", storage=database(tmp_path))
    assert n_finished(study) == 30
    assert not study.get_trials(states=(optuna.trial.TrialState.RUNNING, optuna.trial.TrialState.WAITING))
    tried = {float(line) for line in log.read_text().split()}
    assert {trial.params["x"] for trial in study.trials if trial.state.name == "COMPLETE"} == tried
