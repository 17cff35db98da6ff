"""The ledger: one file a run, never half-written, and one process a run."""

import subprocess
import sys
from pathlib import Path

import pytest

from softcord.errors import RunError
from softcord.sweep.ledger import Run, claim, read_run, read_study, record


def run(name: str) -> Run:
    return Run(
        name=name,
        study="demo",
        method="soft_all",
        seed=1,
        fingerprint="f",
        config_hash="c",
        overrides=("gt=soft",),
    )


def test_what_is_recorded_is_read_back(tmp_path: Path) -> None:
    written = record(tmp_path, run("a"), "failed", reason="out of memory")
    assert read_run(tmp_path) == written
    assert (written.state, written.reason) == ("failed", "out of memory")


def test_a_damaged_record_counts_as_no_run(tmp_path: Path) -> None:
    record(tmp_path, run("a"), "complete")
    path = tmp_path / "run.json"
    path.write_text(path.read_text()[:40])
    assert read_run(tmp_path) is None


def test_a_study_lists_its_runs_the_last_changed_at_the_end(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        record(tmp_path / name, run(name), "complete")
    record(tmp_path / "b", run("b"), "failed")
    (tmp_path / "tables").mkdir()
    assert [found.name for found in read_study(tmp_path)] == ["a", "c", "b"]


def test_a_run_held_by_a_living_process_is_refused_and_by_a_dead_one_is_free(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from softcord.sweep.ledger import claim\n"
        "with claim(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(RunError, match="another process"), claim(tmp_path):
        pass
    holder.kill()
    holder.wait()
    with claim(tmp_path):
        pass
