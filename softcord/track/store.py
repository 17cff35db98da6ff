"""Open the MLflow store and its studies and runs: only this package imports MLflow."""

import hashlib
import logging
import math
import os
import socket
import sqlite3
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from filelock import FileLock
from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, Metric, Param, RunTag
from mlflow.exceptions import MlflowException

from softcord.errors import PrunedError
from softcord.track.outbox import Call, Outbox, is_of_the_store, store_may_fail

logger = logging.getLogger("softcord")

STATE_TAG = "softcord.state"
PARENT_TAG = "mlflow.parentRunId"
NOTE_TAG = "mlflow.note.content"
# What MLflow takes of a value; it cuts off the rest by itself, without a mark.
_PARAM_CHARACTERS, _TAG_CHARACTERS = 6000, 8000


@dataclass(frozen=True)
class Store:
    """Where runs are recorded. ``uri`` is a SQLite file by default, or a tracking server."""

    uri: str
    artifact_root: str | None
    lock_path: Path

    @property
    def database(self) -> Path | None:
        """The SQLite file; None of a tracking server."""
        return Path(self.uri.removeprefix("sqlite:///")) if self.uri.startswith("sqlite:///") else None

    def client(self) -> MlflowClient:
        """Return a client of this store."""
        return _client(self.uri)


def open_store(root: Path) -> Store:
    """Open the store in ``root``, creating it on first use; safe when several processes do so at once.

    The environment variable ``MLFLOW_TRACKING_URI`` names a tracking server to use instead.
    """
    root = root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    lock_path = root / ".init.lock"
    server = os.environ.get("MLFLOW_TRACKING_URI")
    if server:
        return Store(server, None, lock_path)
    database = root / "mlflow.db"
    store = Store(f"sqlite:///{database}", f"file://{root}/artifacts", lock_path)
    # MLflow migrates an empty database without a lock: two processes at once leave it unusable.
    with FileLock(lock_path):
        if not database.exists():
            _create(database)
        store.client().search_experiments(max_results=1)
    return store


def _create(database: Path) -> None:
    """Make the tables under a temporary name: MLflow cannot go on with those that a kill leaves half made."""
    half_made = database.with_name(f".new-{database.name}")
    for path in (half_made, half_made.with_name(f"{half_made.name}-journal")):
        path.unlink(missing_ok=True)
    _client(f"sqlite:///{half_made}").search_experiments(max_results=1)
    half_made.rename(database)
    _use_write_ahead_log(database)


def _client(uri: str) -> MlflowClient:
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    # By default a server that is gone is waited for for minutes, at every call.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_TIMEOUT", "30")
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

    for name in ("alembic", "mlflow"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return MlflowClient(uri)


def _use_write_ahead_log(database: Path) -> None:
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA journal_mode=wal")
    connection.close()


@dataclass(frozen=True)
class StudyRecord:
    """A study in the store: one MLflow experiment and its parent run."""

    store: Store
    experiment_id: str
    parent_run_id: str


def open_study(store: Store, name: str) -> StudyRecord:
    """Find or create the experiment and the parent run of study ``name``."""
    client = store.client()
    with FileLock(store.lock_path):
        experiment = client.get_experiment_by_name(name)
        if experiment is None:
            location = f"{store.artifact_root}/{name}" if store.artifact_root else None
            experiment_id = client.create_experiment(name, artifact_location=location)
        else:
            experiment_id = experiment.experiment_id
            if experiment.lifecycle_stage == "deleted":
                client.restore_experiment(experiment_id)
        found = client.search_runs([experiment_id], "tags.`softcord.role` = 'study'", max_results=1)
        if found:
            parent = found[0].info.run_id
        else:
            tags = {"softcord.role": "study"}
            parent = client.create_run(experiment_id, tags=tags, run_name=f"study {name}").info.run_id
            client.set_terminated(parent, "FINISHED")
    return StudyRecord(store, experiment_id, parent)


def tag_study(study: StudyRecord, tags: Mapping[str, str], *, and_parent: bool = False) -> None:
    """Set tags of a study's experiment, and of its parent run.

    One process at a time: MLflow looks whether a tag is there before it inserts it, so of two that end at
    once one would fail.
    """
    client = study.store.client()
    with FileLock(study.store.lock_path):
        for key, value in tags.items():
            client.set_experiment_tag(study.experiment_id, key, value)
            if and_parent:
                client.set_tag(study.parent_run_id, key, value)


def open_group(study: StudyRecord, name: str, role: str) -> StudyRecord:
    """Find or create a run below the study's own; runs recorded in what is returned are its children."""
    client = study.store.client()
    with FileLock(study.store.lock_path):
        wanted = f"tags.`softcord.role` = '{role}' and attributes.run_name = '{name}'"
        found = client.search_runs([study.experiment_id], wanted, max_results=1)
        if found:
            return replace(study, parent_run_id=found[0].info.run_id)
        tags = {"softcord.role": role, PARENT_TAG: study.parent_run_id}
        group = client.create_run(study.experiment_id, tags=tags, run_name=name).info.run_id
        client.set_terminated(group, "FINISHED")
    return replace(study, parent_run_id=group)


class RunRecord:
    """One run in the store, used as a context: leaving it sets the status that tells how it ended.

    The run counts as complete only by its tag ``softcord.state=complete``, set by :meth:`complete`. With an
    ``outbox``, what a store that does not answer cannot take is kept there, and the run goes on.
    """

    def __init__(
        self, study: StudyRecord, name: str, run_id: str | None = None, outbox: Outbox | None = None
    ) -> None:
        self.study = study
        self.outbox = outbox
        self.name = name
        self.client = study.store.client()
        self.run_id = run_id if run_id and self._exists(run_id) else self._abandoned()

    def _exists(self, run_id: str) -> bool:
        try:
            return bool(self.client.get_run(run_id).info.lifecycle_stage == "active")
        except MlflowException:
            return False

    def _abandoned(self) -> str | None:
        """Return a run of this name whose process was killed before anybody had noted its id."""
        wanted = f"attributes.run_name = '{self.name}' and attributes.status = 'RUNNING'"
        found = self.client.search_runs([self.study.experiment_id], wanted, max_results=1)
        return found[0].info.run_id if found else None

    def __enter__(self) -> Self:
        """Create the run, or go on with the given one."""
        if self.run_id is None:
            tags = {PARENT_TAG: self.study.parent_run_id}
            run = self.client.create_run(self.study.experiment_id, tags=tags, run_name=self.name)
            self.run_id = run.info.run_id
        else:
            self._send({"kind": "status", "status": "RUNNING"})
        self.tag({STATE_TAG: "running", "softcord.host": socket.gethostname(), "softcord.pid": os.getpid()})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _where: TracebackType | None
    ) -> None:
        """Record success, failure with its reason, or interruption."""
        assert self.run_id is not None
        if kind is None:
            self._send({"kind": "end", "status": "FINISHED"})
        elif issubclass(kind, PrunedError):
            self.tag({STATE_TAG: "pruned", "softcord.reason": error})
            self._send({"kind": "end", "status": "FINISHED"})
        elif issubclass(kind, Exception):
            self.tag(
                {
                    STATE_TAG: "failed",
                    "softcord.reason": str(error).splitlines()[0] if str(error) else kind.__name__,
                }
            )
            self._send({"kind": "end", "status": "FAILED"})
        else:
            self.tag({STATE_TAG: "interrupted"})
            self._send({"kind": "end", "status": "KILLED"})

    def tag(self, tags: Mapping[str, object]) -> None:
        """Set tags."""
        self._batch("tags", [[key, within(str(value), _TAG_CHARACTERS)] for key, value in tags.items()])

    def params(self, params: Mapping[str, object]) -> None:
        """Record parameters; those already recorded (a resumed run) are left."""
        known = self._known_params()
        fresh = {key: value for key, value in params.items() if key not in known}
        self._batch("params", [[key, within(str(value), _PARAM_CHARACTERS)] for key, value in fresh.items()])

    def _known_params(self) -> Mapping[str, str]:
        known: Mapping[str, str] = {}
        with store_may_fail("the look at what is recorded") if self.outbox is not None else nullcontext():
            known = self.client.get_run(self.run_id).data.params
        return known

    def metrics(self, metrics: Mapping[str, float], step: int = 0) -> None:
        """Record metrics of an epoch (``step``); NaN and infinite values are left out."""
        now = int(time.time() * 1000)
        finite = {key: float(value) for key, value in metrics.items() if math.isfinite(value)}
        self._batch("metrics", [[key, value, now, step] for key, value in finite.items()])

    def _batch(self, kind: str, rows: list[list[Any]]) -> None:
        # The store takes at most 100 parameters or tags and 1,000 metrics at once.
        for start in range(0, len(rows), 100):
            self._send({"kind": kind, "rows": rows[start : start + 100]})

    def _send(self, call: Call) -> None:
        """Make a call, after those that wait; keep it where the store does not answer."""
        assert self.run_id is not None
        make = partial(make_call, self.client, self.run_id)
        if self.outbox is None:
            make(call)
        elif not self.outbox.send(make, self.study.store.uri):
            self.outbox.keep(call)
        else:
            try:
                make(call)
            except Exception as error:
                if not is_of_the_store(error):
                    raise
                what = "the store does not answer: what %s records is kept in %s until it does"
                logger.warning(what, self.name, self.outbox.path)
                self.outbox.wait()
                self.outbox.keep(call)

    def dataset(self, name: str, digest: str) -> None:
        """Record which data the run saw; a resumed run keeps its first entry."""
        self._send({"kind": "dataset", "name": name, "digest": digest[:36]})

    def artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file or folder into the store."""
        self._send({"kind": "artifact", "path": str(path.absolute()), "folder": folder})

    def describe(self, markdown: str) -> None:
        """Set the run's description, shown on its page."""
        self.tag({NOTE_TAG: markdown})

    def complete(self) -> None:
        """Mark the run as complete; nothing may follow."""
        self.tag({STATE_TAG: "complete"})


def make_call(client: "MlflowClient", run_id: str, call: Call) -> None:
    """Make one of the calls that a run consists of."""

    kind = call["kind"]
    if kind == "metrics":
        client.log_batch(run_id, metrics=[Metric(*row) for row in call["rows"]])
    elif kind == "params":
        client.log_batch(run_id, params=[Param(*row) for row in call["rows"]])
    elif kind == "tags":
        client.log_batch(run_id, tags=[RunTag(*row) for row in call["rows"]])
    elif kind == "dataset":
        data = Dataset(name=call["name"], digest=call["digest"], source_type="local", source=call["name"])
        client.log_inputs(run_id, datasets=[DatasetInput(data, tags=[])])
    elif kind == "artifact":
        is_folder = Path(call["path"]).is_dir()
        (client.log_artifacts if is_folder else client.log_artifact)(run_id, call["path"], call["folder"])
    elif kind == "status":
        client.update_run(run_id, status=call["status"])
    else:
        client.set_terminated(run_id, call["status"])


def within(text: str, n_characters: int) -> str:
    """Return a text that the store takes; a longer one ends in its length and checksum.

    So texts that differ only in what is left out still differ.
    """
    if len(text) <= n_characters:
        return text
    mark = f" ... ({len(text)} characters, sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]})"
    return text[: n_characters - len(mark)] + mark
