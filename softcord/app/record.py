"""Keep a run's own file (run.json) and its entry in the store in step, however the run ends."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from softcord.errors import PrunedError
from softcord.sweep.ledger import Run, record
from softcord.track.store import RunRecord, StudyRecord


@contextmanager
def recorded(run_dir: Path, run: Run, study: StudyRecord) -> Iterator[RunRecord]:
    """Yield the run's entry in the store; leaving marks the run complete, failed or interrupted in both."""
    started = time.perf_counter()
    with RunRecord(study, run.name, run.store_run_id or None) as entry:
        assert entry.run_id is not None
        run = record(run_dir, run, "running", store_run_id=entry.run_id, reason="")
        try:
            yield entry
        except PrunedError as end:
            record(run_dir, run, "pruned", reason=str(end))
            raise
        except Exception as error:
            record(run_dir, run, "failed", reason=(str(error).splitlines() or [type(error).__name__])[0])
            raise
        except BaseException:
            record(run_dir, run, "interrupted")
            raise
        finally:
            entry.artifact(run_dir / "log.txt")
        entry.complete()
    record(run_dir, run, "complete", seconds=run.seconds + time.perf_counter() - started)
