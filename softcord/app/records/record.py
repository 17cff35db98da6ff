"""Keep a run's own file (run.json) and its entry in the store in step."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from softcord.sweep.folder import LOG
from softcord.sweep.ledger import Run, read_run, record
from softcord.track.store import RunRecord, StudyRecord


@contextmanager
def recorded(run_dir: Path, run: Run, study: StudyRecord) -> Iterator[RunRecord]:
    """Yield the run's entry in the store; leaving without an error marks the run complete in both."""
    with RunRecord(study, run.name, run.store_run_id or None) as entry:
        assert entry.run_id is not None
        run = record(run_dir, run, "running", store_run_id=entry.run_id)
        try:
            yield entry
        finally:
            entry.artifact(run_dir / LOG)
        entry.complete()
    record(run_dir, read_run(run_dir) or run, "complete", doing="", fraction=1.0)
