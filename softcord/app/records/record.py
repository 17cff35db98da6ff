"""Keep a run's own file (run.json) and its entry in the store in step."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from softcord.sweep.folder import LOG
from softcord.sweep.ledger import Run, read_run, record
from softcord.track.outbox import Outbox
from softcord.track.store import RunRecord, StudyRecord, make_call, open_store

logger = logging.getLogger("softcord")


@contextmanager
def recorded(run_dir: Path, run: Run, study: StudyRecord) -> Iterator[RunRecord]:
    """Yield the run's entry in the store; leaving without an error marks the run complete in both."""
    outbox = Outbox(run_dir.absolute())
    with RunRecord(study, run.name, run.store_run_id or None, outbox) as entry:
        assert entry.run_id is not None
        run = record(run_dir, run, "running", store_run_id=entry.run_id)
        try:
            yield entry
        finally:
            entry.artifact(run_dir / LOG)
        entry.complete()
    record(run_dir, read_run(run_dir) or run, "complete", doing="", fraction=1.0)
    if len(outbox):
        what = "%s: %d entries for the store wait in %s; the same command sends them when it answers again"
        logger.warning(what, run.name, len(outbox), outbox.path)


def send_kept(run_dir: Path, run: Run, store_dir: Path) -> None:
    """Send what a complete run could not record because the store did not answer."""
    outbox = Outbox(run_dir.absolute())
    if not len(outbox):
        return
    store = open_store(store_dir)
    if outbox.send(partial(make_call, store.client(), run.store_run_id), store.uri):
        logger.info("%s: what waited for the store is recorded", run.name)
    else:
        logger.warning("%s: %d entries still wait for the store in %s", run.name, len(outbox), outbox.path)
