"""The store: safe to open by several processes at once, and honest about how a run ended."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from softcord.track.store import STATE_TAG, RunRecord, StudyRecord, open_store, open_study


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> StudyRecord:
    """A study in a store of its own; creating one takes seconds, so the module shares it."""
    return open_study(open_store(tmp_path_factory.mktemp("store")), "demo")


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


def test_more_parameters_and_metrics_than_one_batch_takes_are_all_kept(study: StudyRecord) -> None:
    with RunRecord(study, "large") as entry:
        entry.params({f"p{i}": i for i in range(250)})
        entry.metrics({f"m{i}": i for i in range(250)} | {"missing": float("nan")})
    data = study.store.client().get_run(entry.run_id).data
    assert len(data.params) == 250
    assert len(data.metrics) == 250


def test_runs_are_children_of_the_study(study: StudyRecord) -> None:
    with RunRecord(study, "child") as entry:
        pass
    tags = study.store.client().get_run(entry.run_id).data.tags
    assert tags["mlflow.parentRunId"] == study.parent_run_id


@pytest.mark.slow
def test_eight_processes_can_open_an_empty_store_at_once(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from softcord.track.store import *;"
        "s = open_study(open_store(Path(sys.argv[1])), 'race');"
        "r = RunRecord(s, 'r').__enter__(); r.complete()"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with ThreadPoolExecutor(8) as pool:
        done = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True), range(8)))
    assert [(one.returncode, one.stderr[-300:]) for one in done if one.returncode] == []
    study = open_study(open_store(tmp_path), "race")
    children = study.store.client().search_runs([study.experiment_id], "tags.`softcord.state` = 'complete'")
    assert len(children) == 8
