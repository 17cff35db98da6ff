"""Runs of one command in processes beside each other: what they share is made once, and none is silent."""

import os
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from softcord.app.config.compose import compose
from softcord.app.config.plan import Plan, jobs_of, make_plan
from softcord.app.sweeps import launch, live_view, runs, shared_data
from softcord.app.verbs import study
from softcord.errors import DataError
from softcord.sweep.ledger import Run, begin, claim, read_run, record

POOL = ("hydra/launcher=pool",)


@pytest.fixture(params=[DataError("sub-01", "has no mask"), KeyError("of an engine of others")])
def prepared(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> list[str]:
    """The ground truths of the plans whose data were made; those of hard masks cannot be."""
    made: list[str] = []

    def prepare(plan: Plan, _dataset: object) -> None:
        made.append(plan.gt.name)
        if plan.gt.name == "hard":
            raise request.param

    monkeypatch.setattr(shared_data, "open_dataset", lambda plan: None)
    monkeypatch.setattr(shared_data, "engine_of", lambda plan: SimpleNamespace(prepare=prepare))
    return made


@pytest.fixture(scope="module")
def plans() -> list[Plan]:
    """Two ground truths, one of them twice."""
    return [make_plan(compose(*words)) for words in (("gt=hard",), ("gt=soft",), ("gt=hard", "seed=2"))]


def test_what_runs_of_a_pool_share_is_made_once_and_one_that_cannot_be_made_stops_none(
    prepared: list[str], plans: list[Plan]
) -> None:
    shared_data.make_shared_data(plans, POOL)
    assert prepared == ["hard", "soft"]


def test_runs_one_after_another_or_on_a_cluster_make_their_own_data(
    prepared: list[str], plans: list[Plan]
) -> None:
    for launcher in ((), ("hydra/launcher=slurm",)):
        shared_data.make_shared_data(plans, launcher)
    assert prepared == []


def test_runs_that_are_run_again_in_a_pool_share_their_data_too(
    prepared: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(launch, "_launch_until_all_ended", lambda *_arguments: None)
    monkeypatch.setattr(runs, "finish", lambda _plans: 0)
    again = [("gt=hard",), ("gt=soft",), ("gt=hard", "seed=2")]
    assert study._run_again("train", again, POOL) == 0
    assert prepared == ["hard", "soft"]


def test_while_runs_last_in_processes_of_their_own_the_log_says_what_they_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_view, "_SILENCE_S", 0.02)
    monkeypatch.setattr(live_view, "_LOOK_EVERY_S", 0.01)
    plan = make_plan(compose(f"paths.outputs={tmp_path}", "study=sweep"))
    folder = tmp_path / "sweep" / "soft_all_s1-0"
    begin(folder, Run(folder.name, "sweep", plan.method, 1, "f", plan.config_hash, plan.overrides))

    def lines(pid_beyond: int) -> set[str]:
        run = read_run(folder)
        assert run is not None
        now = {"doing": "trained 1 of 4 epochs", "fraction": 0.25, "started_at": time.time() - 60}
        record(folder, run, "running", pid=os.getpid() + pid_beyond, **now)
        caplog.clear()
        with caplog.at_level("INFO", "softcord"), live_view._logged(live_view.Progress([plan])):
            time.sleep(0.2)
        return {one.getMessage() for one in caplog.records}

    with claim(folder):
        assert lines(0) == set()  # a run of this process speaks for itself
        assert lines(1) == {"0 of 1 runs complete, about 3 min left (soft_all_s1-0 trained 1 of 4 epochs)"}


def test_a_run_measures_in_as_many_processes_as_its_launcher_gives_it_cores(
    monkeypatch: pytest.MonkeyPatch, plans: list[Plan]
) -> None:
    monkeypatch.setenv("SOFTCORD_CORES", "1")
    asked = replace(plans[0], machine=replace(plans[0].machine, jobs=3))
    assert (jobs_of(plans[0]), jobs_of(asked)) == (1, 3)
    monkeypatch.delenv("SOFTCORD_CORES")
    assert jobs_of(plans[0]) == os.cpu_count()
