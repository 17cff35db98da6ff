"""Trainings of their own below a run: each in a folder and a record of its own, done once."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from softcord.app.config.identity import digest
from softcord.app.console.terminal import logging_to, start_logging
from softcord.app.engines.net import NetTraining
from softcord.app.records.record import recorded
from softcord.sweep.folder import LOG
from softcord.sweep.ledger import Run, attempt, claim, read_run
from softcord.track.store import RunRecord, StudyRecord
from softcord.train.threads import computing_in

logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class Child:
    """A training below a run, of what ``name`` says; ``tags`` tell its record from its siblings'."""

    name: str
    tags: Mapping[str, str]
    training: NetTraining
    run: Run
    run_dir: Path
    study: StudyRecord


def child_of(
    parent_dir: Path,
    entry: RunRecord,
    name: str,
    tags: Mapping[str, str],
    training: NetTraining,
    run_dir: Path,
    threads: int,
) -> Child:
    """Return the training ``name`` below the run of ``parent_dir``, with ``run_dir`` as its folder."""
    parent = read_run(parent_dir)
    assert parent is not None
    assert entry.run_id is not None
    run = Run(
        name=f"{parent.name}-{name}",
        study=parent.study,
        method=f"{parent.method}-{name}",
        seed=parent.seed,
        fingerprint=digest([parent.fingerprint, name]),
        config_hash=parent.config_hash,
        overrides=parent.overrides,
        threads=threads,
        precision=parent.precision,
        channels_last=parent.channels_last,
    )
    return Child(name, tags, training, run, run_dir, replace(entry.study, parent_run_id=entry.run_id))


def train_child(child: Child) -> None:
    """Train, or go on where that stopped; leave a finished one alone."""
    if not logger.handlers:  # a process of its own
        start_logging()
    with claim(child.run_dir):
        run = read_run(child.run_dir) or child.run
        run = replace(run, threads=run.threads or child.run.threads)
        if run.is_complete:
            logger.info("%s is complete", run.name)
            return
        logger.info("the model of %s", child.name)
        with (
            logging_to(child.run_dir / LOG),
            computing_in(run.threads),
            attempt(child.run_dir, run) as begun,
            recorded(child.run_dir, begun, child.study) as entry,
        ):
            entry.tag({**child.tags, "method": run.method, "fingerprint": run.fingerprint})
            child.training(child.run_dir, entry, None)
