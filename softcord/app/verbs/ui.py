"""``softcord ui``: the MLflow dashboard, on this machine only."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from softcord.app.console.flags import FlagParser
from softcord.app.console.streams import show
from softcord.errors import UsageError

_EXAMPLES = """\
softcord ui
softcord ui -port 5001                     # where 5000 is in use
softcord ui -store elsewhere/mlruns

Prints the address of each study and of its comparison; Ctrl-C ends it.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    return parser().run(arguments, lambda given: _serve(given.store, given.port))


def parser() -> FlagParser:
    """Return the parser of `softcord ui`."""
    what = "Open the MLflow dashboard of this folder's studies, on this machine only."
    words = FlagParser("ui", what, _EXAMPLES, needs_words=False)
    words.add_argument(
        "-store",
        "--store",
        type=Path,
        default=Path("mlruns"),
        metavar="DIR",
        help="folder of the store (mlruns)",
    )
    words.add_argument(
        "-port", "--port", type=int, default=5000, metavar="N", help="port on 127.0.0.1 (5000)"
    )
    return words


def _serve(store: Path, port: int) -> NoReturn:
    database = store.resolve() / "mlflow.db"
    if not database.exists():
        raise UsageError(
            store, "holds no MLflow store", "Train something first, or name the folder with -store"
        )
    _check_is_free(port)
    from softcord.track.table_sizes import learn_table_sizes

    learn_table_sizes(database)
    address = f"http://127.0.0.1:{port}"
    for name, path in _studies(database):
        show(f"{name.ljust(32)}  {address}/{path}")
    show(f"{'all studies'.ljust(32)}  {address}   (ready in some ten seconds; Ctrl-C ends it)", flush=True)
    command = [sys.executable, "-m", "mlflow", "ui", "--backend-store-uri", f"sqlite:///{database}"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
    # Background jobs are for model serving; without them the server starts twice as fast and ends cleanly.
    quiet = {
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "DO_NOT_TRACK": "true",
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    }
    # In place of this process, so that whatever ends it ends the server.
    os.execve(sys.executable, command, {**os.environ, **quiet})


def _check_is_free(port: int) -> None:
    import socket

    if not 0 < port < 2**16:
        raise UsageError("-port", f"must be between 1 and 65535, got {port}", "Leave it out for 5000")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise UsageError(f"port {port}", "is in use", f"Take another with -port {port + 1}")


def _studies(database: Path) -> list[tuple[str, str]]:
    """Return what to open and its address: each study's runs, and its comparison where there is one.

    Read without importing MLflow.
    """
    import sqlite3

    from softcord.track.addresses import report_path, view_path

    experiments = "select name, experiment_id from experiments where lifecycle_stage = 'active'"
    parents = (
        "select runs.experiment_id, runs.run_uuid, runs.artifact_uri from runs join tags using (run_uuid) "
        "where tags.key = 'softcord.role' and tags.value = 'study'"
    )
    with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
        rows = connection.execute(experiments).fetchall()
        parent_of = {number: (run, uri) for number, run, uri in connection.execute(parents).fetchall()}
    found = []
    for name, number in rows:
        if name == "Default":
            continue
        found.append((name, view_path(str(number))))
        run, uri = parent_of.get(number, ("", ""))
        if run and (Path(str(uri).removeprefix("file://")) / "report.html").exists():
            found.append((f"  comparison of {name}", report_path(str(number), run)))
    return found
