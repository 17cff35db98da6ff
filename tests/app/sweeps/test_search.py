"""Searches as they are typed: what is refused, what is a parameter, and what survives being killed."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import optuna
import pandas as pd
import pytest
import yaml

from softcord.app.config.compose import Overrides, compose
from softcord.app.config.plan import make_plan
from softcord.app.config.search_space import SearchSpace, read_search_space
from softcord.app.console.exit_codes import guarded
from softcord.app.sweeps.runs import attempts_at, check_names, named, new_run, note_failure
from softcord.app.sweeps.search import _note_if_killed, conduct
from softcord.app.verbs.train import main
from softcord.errors import RunError, UsageError
from softcord.measure.table import read_measures
from softcord.sweep.commands import read_commands
from softcord.sweep.ledger import Run, begin, read_study, record
from softcord.sweep.search import Options, Range
from softcord.sweep.search_settings import Outcome
from softcord.track.store import open_store
from tests.quick import QUICK

SEARCH = (
    *("-m", "experiment=search_awing", "study=s", *QUICK),
    *("train.epochs=2", "train.validate_every_epochs=1"),
)


def test_intervals_ranges_and_choices_are_parameters_and_comma_lists_are_searched_one_by_one() -> None:
    typed = [
        "gt=soft,hard",
        "seed=3",
        "train.epochs=range(2,7,step=2)",
        "train.batch_size=int(interval(1,4))",
    ]
    params = {
        "loss.omega": "interval(2,20)",
        "loss.epsilon": "tag(log,interval(0.1,4))",
        "seed": "interval(1,9)",
    }
    space = read_search_space([*typed, "augment=choice(light,none)"], params)
    assert space.conditions == (("seed=3", "gt=soft"), ("seed=3", "gt=hard"))
    assert space.parameters == {
        "loss.omega": Range(2.0, 20.0),
        "loss.epsilon": Range(0.1, 4.0, log=True),
        "train.epochs": Range(2, 6, step=2),
        "train.batch_size": Range(1, 4),
        "augment": Options(("light", "none")),
    }


def test_every_end_of_every_parameter_is_reached() -> None:
    space = SearchSpace(
        (("gt=soft",), ("gt=hard",)), {"loss.omega": Range(2, 20), "loss": Options(("awing", "dice"))}
    )
    ends = list(space.ends())
    assert len(ends) == 8
    assert ("gt=hard", "loss.omega=20", "loss=awing") in ends
    assert ("gt=soft", "loss.omega=2", "loss=dice") in ends


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([*SEARCH, "loss.omega=interval(-1,9)"], "loss.omega: must be > 0, got -1.0"),
        ([*SEARCH, "loss.omega=tag(log,interval(0,9))"], "loss.omega: needs 0 < low < high"),
        ([*SEARCH, "search.objective=csa_mm2"], "'csa_mm2' is not a metric with a better direction"),
        ([*SEARCH, "hydra.sweeper.n_trials=0"], "hydra.sweeper.n_trials: must be at least 1, got 0"),
        ([*SEARCH, "hydra.sweeper.sampler=tpee"], "hydra.sweeper.sampler: Input should be 'tpe'"),
        (["-m", "loss.omega=interval(2,9)"], "loss.omega: loss.omega=interval(2,9) is for a search"),
        (["-m", "hydra/sweeper=softcord_optuna"], "hydra/sweeper=softcord_optuna: has nothing to search"),
        ([*SEARCH, "measured_on=test"], "measured_on=test: would let the search see the participants"),
        ([*SEARCH, "measured_on=train"], "measured_on: must be one of test, val"),
    ],
)
def test_a_search_that_cannot_work_is_refused_before_anything_runs(
    arguments: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "mlruns").exists()


def test_a_malformed_parameter_is_named() -> None:
    with pytest.raises(UsageError, match=r"no viable alternative at input 'interval\(2'"):
        read_search_space([], {"loss.omega": "interval(2"})


def test_a_launcher_that_breaks_down_costs_only_the_trial_that_breaks_it_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from types import SimpleNamespace

    from hydra.core.utils import JobReturn, JobStatus

    from hydra_plugins.softcord_optuna.sweeper import SoftcordOptunaSweeper

    def launch(runs: list[list[str]], initial_job_idx: int) -> list[JobReturn]:
        if ["loss.omega=2"] in runs:
            raise OSError("a worker was killed")
        job = JobReturn(status=JobStatus.COMPLETED)
        job.return_value = initial_job_idx
        return [job]

    sweeper = SoftcordOptunaSweeper()
    monkeypatch.setattr(sweeper, "launcher", SimpleNamespace(launch=launch))
    monkeypatch.setattr(sweeper, "validate_batch_is_legal", lambda _runs: None)
    runs = [["loss.omega=1"], ["loss.omega=2"], ["loss.omega=3"]]
    assert sweeper._launch(runs, 7) == [7, None, 9]


def test_a_trial_whose_process_was_killed_is_a_failed_run_and_one_of_an_earlier_start_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plan = make_plan(compose(*SEARCH[1:], "loss.omega=7"))
    run = Run("r", "s", plan.method, plan.seed, "f", plan.config_hash, plan.overrides)
    begin(plan.study_dir / "r", run)
    _note_if_killed(plan, attempts_at([plan]))
    assert [one.state for one in read_study(plan.study_dir)] == ["running"]
    _note_if_killed(plan, {})
    (noted,) = read_study(plan.study_dir)
    assert (noted.state, noted.reason.partition(".")[0]) == ("failed", "its process: was killed")


@pytest.mark.parametrize("failing", [1, 9])
def test_a_search_ends_by_naming_its_failed_trials_and_with_code_4(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)

    def launch(batch: Sequence[Overrides], first: int) -> list[Outcome | None]:
        for overrides in batch:
            if first < failing:
                note_failure(make_plan(compose(*overrides)), RunError("the loss", "became nan"))
        return [None if first < failing else Outcome((1.0,))] * len(batch)

    def search() -> int:
        settings = {"n_trials": 1, "max_failures": 1, "sampler": "random"}
        return conduct(SEARCH[1:], {"loss.omega": "interval(2,20)"}, settings, launch)

    with caplog.at_level("ERROR", "softcord"):
        assert guarded(search) == 4
    assert "the loss: became nan" in caplog.text
    assert "loss.omega=" in caplog.text


def test_the_whole_search_is_watched_over_batches_and_conditions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("softcord.app.sweeps.search._record", lambda _plan, _study: None)
    launched: list[int] = []

    def launch(batch: Sequence[Overrides], _first: int) -> list[Outcome | None]:
        returned: list[Outcome | None] = []
        for overrides in batch:
            launched.append(len(launched))
            plan, number = make_plan(compose(*overrides)), launched[-1]
            if number == 1:
                note_failure(plan, RunError("the loss", "became nan"))
                returned.append(None)
                continue
            folder = plan.study_dir / f"r{number}"
            begun = begin(folder, new_run(plan, f"r{number}", "f"))
            record(folder, begun, "complete", seconds=30.0)
            returned.append(Outcome((1.0,)))
        return returned

    settings = {"n_trials": 2, "n_jobs": 1, "sampler": "random"}
    with caplog.at_level("INFO", "softcord"):
        conduct([*SEARCH[1:], "gt=soft,hard"], {"loss.omega": "interval(2,20)"}, settings, launch)
    said = [line for line in caplog.messages if "trials finished" in line and not line.startswith("s/")]
    assert said == [
        "1 of 4 trials finished, about 90 s left",
        "1 of 4 trials finished, 1 failed, about 90 s left",
        "2 of 4 trials finished, 1 failed, about 60 s left",
        "3 of 4 trials finished, 1 failed, about 30 s left",
        "4 of 4 trials finished, 1 failed",
    ]


def search_by_hand(
    arguments: list[str], params: dict[str, str], n_trials: int, values: list[float]
) -> list[str]:
    """Search with jobs that only leave a complete run; return the names of their methods."""
    methods = []

    def launch(batch: Sequence[Overrides], first: int) -> list[Outcome | None]:
        for number, overrides in enumerate(batch, first):
            (plan,) = named([make_plan(compose(*overrides))])
            check_names([plan])
            methods.append(plan.method)
            folder = plan.study_dir / f"r{number}-{plan.config_hash[:6]}"
            record(folder, begin(folder, new_run(plan, folder.name, "f")), "complete")
        return [Outcome((values[number],)) for number, _ in enumerate(batch, first)]

    assert conduct(arguments, params, {"n_trials": n_trials, "sampler": "random"}, launch) == 0
    return methods


def test_trials_carry_their_number_whatever_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("softcord.app.sweeps.search._record", lambda _plan, _study: None)
    arguments = ["study=lr", "measured_on=val", "variant=mine"]
    params = {
        "train.learning_rate": "tag(log,interval(1e-4,1e-1))",
        "train.batch_size": "choice(1,2)",
        "loss.omega": "interval(2,20)",
        "seed": "range(1,9)",
    }
    methods = search_by_hand(arguments, params, 4, [4.0, 3.0, 2.0, 1.0])
    assert len(set(methods)) == 4
    for number, name in enumerate(methods):
        assert re.fullmatch(rf"soft_all_omega[\d.]+_mine_trial{number}", name)


def test_conditions_that_differ_in_what_no_name_tells_have_searches_of_their_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("softcord.app.sweeps.search._record", lambda _plan, _study: None)
    arguments = ["study=s", "measured_on=val", "model=small,small_deep"]
    rates = {"train.learning_rate": "interval(0.001,0.1)"}
    methods = search_by_hand(arguments, rates, 2, [4.0, 3.0, 2.0, 1.0])
    assert len(set(methods)) == 4
    names = optuna.get_all_study_names(f"sqlite:///{tmp_path}/mlruns/optuna.db")
    assert sorted(names) == ["s/soft_all_small_deep_s1", "s/soft_all_small_s1"]


def test_a_search_whose_database_was_removed_says_that_it_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("softcord.app.sweeps.search._record", lambda _plan, _study: None)
    given = (["study=s", "measured_on=val"], {"loss.omega": "interval(2,20)"}, 2, [1.0, 2.0])
    with caplog.at_level("WARNING", "softcord"):
        search_by_hand(*given)
        assert caplog.text == ""
        (tmp_path / "mlruns/optuna.db").unlink()
        search_by_hand(*given)
    assert "s/soft_all_s1: 2 trials have runs in outputs/s, but sqlite:" in caplog.text
    assert "knows none of them: the search starts anew" in caplog.text


@pytest.mark.exhaustive
def test_a_search_on_phantoms_killed_three_times_ends_with_thirty_trials(tmp_path: Path) -> None:
    small = ("augment=none", "contrasts=2", "split.train=0.5", "split.test=0.3")
    # From random weights no net would find a cord in two epochs, and all trials would have the same value.
    trained = ("model=small_deep", "train.start_from=synthetic-v2", "train.learning_rate=0.0003")
    typed = [word for word in SEARCH if not word.startswith("model.")]
    command = [sys.executable, "-m", "softcord.train", *typed, *small, *trained, "hydra.sweeper.n_trials=30"]
    with (tmp_path / "log").open("w") as log:
        for finished in (4, 12, 21):
            process = subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, start_new_session=True)
            _wait_for(tmp_path / "mlruns/optuna.db", finished, process)
            os.killpg(process.pid, signal.SIGKILL)
            assert process.wait() == -9
        assert subprocess.run(command, cwd=tmp_path, stdout=log, stderr=log, check=False).returncode == 0
    database = f"sqlite:///{tmp_path}/mlruns/optuna.db"
    (name,) = optuna.get_all_study_names(database)
    study = optuna.load_study(study_name=name, storage=database)
    states = pd.Series([trial.state.name for trial in study.trials]).value_counts()
    assert states["COMPLETE"] + states.get("PRUNED", 0) == 30
    assert set(states.index) <= {"COMPLETE", "PRUNED", "FAIL"}
    # Each trial is a run below the search's own, and its value is what the run measured.
    client = open_store(tmp_path / "mlruns").client()
    experiment = client.get_experiment_by_name("s")
    (parent,) = client.search_runs([experiment.experiment_id], "tags.`softcord.role` = 'search'")
    trials = client.search_runs(
        [experiment.experiment_id], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'", max_results=100
    )
    assert len(trials) == len({trial.data.params["loss.omega"] for trial in trials}) >= 30
    assert {trial.data.tags["softcord.state"] for trial in trials} <= {"complete", "pruned"}
    complete = [trial for trial in trials if trial.data.tags["softcord.state"] == "complete"]
    values = sorted(trial.value for trial in study.get_trials(states=(optuna.trial.TrialState.COMPLETE,)))
    assert sorted(trial.data.metrics["val/csa_abs_error_mm2"] for trial in complete) == pytest.approx(values)
    folders = [tmp_path / "outputs/s" / trial.info.run_name for trial in complete]
    measured = pd.concat([read_measures(folder / "measures.csv") for folder in folders])
    # The test participants are never looked at.
    split = yaml.safe_load((folders[0] / "split.yaml").read_text())
    assert set(measured["participant_id"]) == set(split["val"])
    figures = {item.path for item in client.list_artifacts(parent.info.run_id)}
    assert {"history.png", "contour.png", "importance.png", "pruning.png", "trials.csv"} <= figures


def _wait_for(database: Path, n_finished: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until a search has some finished trials and is in the middle of the next."""
    deadline = time.monotonic() + 900
    while time.monotonic() < deadline and process.poll() is None:
        time.sleep(0.5)
        if database.exists() and _finished(database) >= n_finished:
            time.sleep(1.3)
            return
    raise AssertionError(f"the search ended by itself ({process.poll()}) or took too long")


def _finished(database: Path) -> int:
    import sqlite3

    try:
        with sqlite3.connect(database, timeout=10) as connection:
            query = "select count(*) from trials where state in ('COMPLETE', 'PRUNED')"
            return int(connection.execute(query).fetchone()[0])
    except sqlite3.OperationalError:
        return 0  # its tables are being made


@pytest.mark.slow
def test_conditions_have_searches_of_their_own_and_batches_go_through_a_launcher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = [*SEARCH, "gt=soft,hard", "hydra.sweeper.n_trials=2", "hydra.sweeper.n_jobs=2"]
    command += [
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "search.objective=[csa_std_mm2,dice_soft]",
    ]
    assert main(command) == 0
    names = optuna.get_all_study_names(f"sqlite:///{tmp_path}/mlruns/optuna.db")
    assert sorted(names) == ["s/hard_all_SoftSeg_s1", "s/soft_all_s1"]
    assert len([run for run in read_study(tmp_path / "outputs/s") if run.is_complete]) == 4
    # One command asked for them all, and its repetition is what the study proposes.
    (asked,) = read_commands(tmp_path / "outputs/s")
    assert list(asked.arguments) == command
    assert len(asked.runs) == 4
    capsys.readouterr()
    assert main(command) == 0
    assert "training on" not in capsys.readouterr().err
