"""The store: safe to open by several processes at once, and honest about how a run ended."""

import json
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from softcord.errors import PrunedError
from softcord.track.dashboard import describe_study, results_table, save_view
from softcord.track.store import (
    NOTE_TAG,
    STATE_TAG,
    RunRecord,
    StudyRecord,
    open_group,
    open_store,
    open_study,
)
from softcord.track.table_sizes import learn_table_sizes


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study in a store of its own; creating one takes seconds, so the module shares it."""
    return open_study(open_store(tmp_path_factory.mktemp("store")), "demo")


def test_a_store_whose_maker_was_killed_half_way_is_made_anew(tmp_path: Path) -> None:
    code = """
import os, sys
from pathlib import Path
from alembic.operations import Operations
def killed(*arguments, **more):
    os.kill(os.getpid(), 9)
Operations.add_column = killed
from softcord.track.store import open_store
open_store(Path(sys.argv[1]))
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert (tmp_path / ".new-mlflow.db").exists()
    assert open_study(open_store(tmp_path), "demo").parent_run_id
    assert not (tmp_path / ".new-mlflow.db").exists()


def test_a_study_is_found_again(study: StudyRecord) -> None:
    assert open_study(study.store, "demo") == study


def test_a_finished_run_is_complete_only_by_its_own_tag(study: StudyRecord) -> None:
    with RunRecord(study, "unmarked") as entry:
        pass
    unmarked = study.store.client().get_run(entry.run_id)
    assert unmarked.info.status == "FINISHED"
    assert unmarked.data.tags[STATE_TAG] == "running"
    with RunRecord(study, "marked") as entry:
        entry.complete()
    assert study.store.client().get_run(entry.run_id).data.tags[STATE_TAG] == "complete"


def test_an_error_leaves_a_failed_run_with_its_reason(study: StudyRecord) -> None:
    entry = RunRecord(study, "broken")
    with pytest.raises(ValueError, match="no cord"), entry:
        raise ValueError("no cord\nin any image")
    run = study.store.client().get_run(entry.run_id)
    assert (run.info.status, run.data.tags["softcord.reason"]) == ("FAILED", "no cord")


def test_ctrl_c_leaves_a_killed_run(study: StudyRecord) -> None:
    entry = RunRecord(study, "stopped")
    with pytest.raises(KeyboardInterrupt), entry:
        raise KeyboardInterrupt
    run = study.store.client().get_run(entry.run_id)
    assert (run.info.status, run.data.tags[STATE_TAG]) == ("KILLED", "interrupted")


def test_a_resumed_run_keeps_its_id_and_its_parameters(study: StudyRecord) -> None:
    with RunRecord(study, "first") as entry:
        entry.params({"seed": 1})
    with RunRecord(study, "first", entry.run_id) as again:
        again.params({"seed": 2, "loss": "awing"})
        status = again.client.get_run(again.run_id).info.status
    assert again.run_id == entry.run_id
    assert status == "RUNNING"
    assert study.store.client().get_run(entry.run_id).data.params == {"seed": "1", "loss": "awing"}


def test_a_run_whose_process_was_killed_before_its_id_was_noted_is_found_again(study: StudyRecord) -> None:
    killed = RunRecord(study, "killed").__enter__()
    with RunRecord(study, "killed") as again:
        again.complete()
    assert again.run_id == killed.run_id
    # What has ended is not gone on with: a run that is to be trained anew gets an entry of its own.
    with RunRecord(study, "killed") as anew:
        pass
    assert anew.run_id != killed.run_id


def test_more_parameters_and_metrics_than_one_batch_takes_are_all_kept(study: StudyRecord) -> None:
    with RunRecord(study, "large") as entry:
        entry.params({f"p{i}": i for i in range(250)})
        entry.metrics({f"m{i}": i for i in range(250)} | {"missing": float("nan")})
    data = study.store.client().get_run(entry.run_id).data
    assert len(data.params) == 250
    assert len(data.metrics) == 250


def test_long_values_that_differ_at_their_end_differ_in_the_store(study: StudyRecord) -> None:
    long = {"first": "a" * 9000 + "b", "second": "a" * 9000 + "c", "short": "x" * 5999 + "y"}
    with RunRecord(study, "long") as entry:
        entry.params(long)
        entry.tag({f"tag_{key}": value for key, value in long.items()})
    data = study.store.client().get_run(entry.run_id).data
    assert data.params["short"] == long["short"]
    assert data.params["first"] != data.params["second"]
    assert "9001 characters" in data.params["first"]
    assert data.tags["tag_first"] != data.tags["tag_second"]


def test_runs_are_children_of_the_study(study: StudyRecord) -> None:
    with RunRecord(study, "child") as entry:
        pass
    tags = study.store.client().get_run(entry.run_id).data.tags
    assert tags["mlflow.parentRunId"] == study.parent_run_id


def test_a_search_is_a_run_of_the_study_with_runs_of_its_own(study: StudyRecord) -> None:
    search = open_group(study, "search soft_all", "search")
    assert open_group(study, "search soft_all", "search") == search
    assert open_group(study, "search hard_all", "search") != search
    with RunRecord(search, "trial") as entry:
        pass
    client = study.store.client()
    assert client.get_run(entry.run_id).data.tags["mlflow.parentRunId"] == search.parent_run_id
    assert client.get_run(search.parent_run_id).data.tags["mlflow.parentRunId"] == study.parent_run_id


def test_a_pruned_run_is_neither_failed_nor_complete(study: StudyRecord) -> None:
    entry = RunRecord(study, "pruned")
    with pytest.raises(PrunedError), entry:
        raise PrunedError("pruned after epoch 3")
    run = study.store.client().get_run(entry.run_id)
    assert (run.info.status, run.data.tags[STATE_TAG]) == ("FINISHED", "pruned")


def test_the_page_of_a_study_opens_on_its_complete_runs_and_the_failing_ones_are_last(
    study: StudyRecord,
) -> None:
    study = open_study(study.store, "page")
    # A net that finds nothing has no spread; one that finds little has a small one.
    for name, std, dice in (("blind", None, 0.0), ("little", 0.3, 0.02), ("works", 21.0, 0.9)):
        with RunRecord(study, name) as entry:
            entry.metrics({"test/dice": dice} | ({} if std is None else {"test/csa_std_mm2": std}))
            entry.complete()
    with RunRecord(study, "unfinished"):
        pass
    columns = [("test/csa_std_mm2", "CSA STD"), ("test/dice", "Dice")]
    table = results_table(study, columns, "test/dice")
    rows = [line.split("|")[1:-1] for line in table.splitlines()]
    assert [cell.strip() for cell in rows[0]] == ["run", "CSA STD", "Dice"]
    assert [row[0].split("]")[0].strip(" [") for row in rows[2:]] == ["works", "little", "blind"]
    assert [cell.strip() for cell in rows[4][1:]] == ["n/a", "0"]
    save_view(study, ["test/csa_std_mm2"], ["method"], "test/csa_std_mm2")
    save_view(study, ["test/csa_std_mm2"], ["method"], "test/dice")
    describe_study(study, "\n".join(f"line {i}" for i in range(2000)))
    tags = study.store.client().get_experiment(study.experiment_id).tags
    state = json.loads(json.loads(tags["mlflow.sharedViewState.results"])["state"])
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`test/dice`", False)
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    assert tags[NOTE_TAG].endswith("The rest is in the table of runs.")


def test_runs_that_end_at_once_all_save_the_view_and_the_note(tmp_path: Path) -> None:
    store = open_store(tmp_path / "mlruns")
    for number in range(5):
        study = open_study(store, f"study {number}")
        together = threading.Barrier(4)

        def end(study: StudyRecord = study, together: threading.Barrier = together) -> None:
            together.wait()
            save_view(study, ["test/dice"], ["method"], "test/dice")
            describe_study(study, "| run |")

        with ThreadPoolExecutor(4) as pool:
            for ended in [pool.submit(end) for _ in range(4)]:
                ended.result()


@pytest.mark.slow
def test_eight_processes_can_open_an_empty_store_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from softcord.track.store import *;"
        "s = open_study(open_store(Path(sys.argv[1])), 'race');"
        "r = RunRecord(s, sys.argv[2]).__enter__(); r.complete()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with ThreadPoolExecutor(8) as pool:
        done = list(
            pool.map(lambda i: subprocess.run([*command, f"r{i}"], capture_output=True, text=True), range(8))
        )
    assert [(one.returncode, one.stderr[-300:]) for one in done if one.returncode] == []
    study = open_study(open_store(tmp_path), "race")
    children = study.store.client().search_runs([study.experiment_id], "tags.`softcord.state` = 'complete'")
    assert len(children) == 8


def test_sorting_runs_by_a_metric_looks_each_of_them_up(tmp_path: Path) -> None:
    database = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("create table runs (run_uuid text primary key)")
        connection.execute(
            "create table latest_metrics (key text, value real, run_uuid text, primary key (key, run_uuid))"
        )
        connection.execute("create index by_run on latest_metrics (run_uuid)")
        for n in range(200):
            connection.execute("insert into runs values (?)", (str(n),))
            connection.execute("insert into latest_metrics values ('test/dice', ?, ?)", (n, str(n)))
        connection.commit()
        # As MLflow asks: the metric's values are a table of their own, joined to the runs.
        asked = (
            "select distinct * from runs left join "
            "(select * from latest_metrics where key = 'test/dice') as metric "
            "on runs.run_uuid = metric.run_uuid order by metric.value limit 100"
        )

        def looked() -> str:
            with closing(sqlite3.connect(database)) as fresh:
                return str(fresh.execute(f"explain query plan {asked}").fetchall())

        learn_table_sizes(database)
        assert "metric" in looked()
        assert "SCAN metric" not in looked()
