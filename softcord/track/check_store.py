"""Look, before hours of work, whether the store and the databases beside it can be used."""

import importlib.util
import os
import re
import sqlite3
import urllib.error
import urllib.request
from contextlib import closing
from pathlib import Path

from softcord.errors import RunError

# Another softcord writes for milliseconds; whoever holds a database longer than this holds it.
_LOCKED_FOR_S = 10.0
_ANSWERS_WITHIN_S = 10.0


def has_store(root: Path) -> bool:
    """Whether there is a store to look into: its database, or a tracking server."""
    return bool(os.environ.get("MLFLOW_TRACKING_URI")) or (root / "mlflow.db").exists()


def check_store(root: Path) -> None:
    """Refuse a store that cannot be used: one line, before anything slow.

    The environment variable ``MLFLOW_TRACKING_URI`` names a tracking server to look at instead.

    Raises:
        RunError: a database is locked, damaged, not writable, or made by another MLflow; or the server does
            not answer.
    """
    server = os.environ.get("MLFLOW_TRACKING_URI")
    if server:
        check_server(server)
    elif (root / "mlflow.db").exists():
        check_database(root / "mlflow.db")
        _check_schema(root / "mlflow.db")
        _check_places(root / "mlflow.db")


def check_server(uri: str) -> None:
    """Refuse a tracking server that does not answer; other addresses than of HTTP are MLflow's to judge."""
    if uri.startswith(("http://", "https://")) and not answers(uri):
        hint = "Start it, or unset MLFLOW_TRACKING_URI to record on this machine"
        raise RunError(uri, "the tracking server does not answer", hint)


def answers(uri: str) -> bool:
    """Whether a server answers at all, with whatever it says."""
    try:
        urllib.request.urlopen(f"{uri.rstrip('/')}/health", timeout=_ANSWERS_WITHIN_S).close()
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False
    return True


def check_database(path: Path) -> None:
    """Refuse a SQLite database that cannot be read and written.

    Raises:
        RunError: as of :func:`check_store`.
    """
    try:
        with closing(sqlite3.connect(path, timeout=_LOCKED_FOR_S, isolation_level=None)) as connection:
            said = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            hint = "Close what has it open, such as a database browser, and repeat the command"
            raise RunError(path, "is locked by another program", hint) from error
        raise RunError(path, f"cannot be written ({error})", "Check its permissions and the disk") from error
    except sqlite3.DatabaseError as error:
        raise _damaged(path, str(error)) from error
    if said != "ok":
        raise _damaged(path, said.splitlines()[0])


def _damaged(path: Path, said: str) -> RunError:
    hint = "Restore it from a copy, or move it away: the results themselves are files in outputs"
    return RunError(path, f"is damaged ({said})", hint)


def _check_schema(path: Path) -> None:
    """Tell a store that a newer MLflow has made from an older one's."""
    try:
        with closing(sqlite3.connect(path, timeout=_LOCKED_FOR_S)) as connection:
            row = connection.execute("select version_num from alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        raise RunError(
            path, f"is no store of MLflow ({error})", "Move it away, or name another one"
        ) from error
    known = _revisions()
    if row is None or not known or row[0] not in known:
        what = f"was made by another, most likely newer MLflow (schema {row and row[0]})"
        if known:
            raise RunError(path, what, "Install that MLflow here, or use another folder for the store")
    elif row[0] in known.values():
        hint = f"Copy it, then run `mlflow db upgrade sqlite:///{path}`"
        raise RunError(path, f"was made by an older MLflow (schema {row[0]})", hint)


def _check_places(path: Path) -> None:
    """Refuse a store that would send files elsewhere, as to a server that keeps the connection waiting."""
    query = (
        "select name, artifact_location from experiments union select name, artifact_uri from runs"
        " where lifecycle_stage = 'active'"
    )
    with closing(sqlite3.connect(path, timeout=_LOCKED_FOR_S)) as connection:
        for name, place in connection.execute(query):
            if re.match(r"(?!file:)[a-z][a-z0-9+.-]*:", str(place)):
                what = f"keeps the files of {name} at {place}, not on this machine"
                raise RunError(path, what, "Delete that there, or use another folder for the store")


def _revisions() -> dict[str, str]:
    """Return the schema versions that this MLflow knows, each with the one before; MLflow stays unloaded."""
    spec = importlib.util.find_spec("mlflow")
    if spec is None or not spec.submodule_search_locations:
        return {}
    folder = Path(next(iter(spec.submodule_search_locations))) / "store/db_migrations/versions"
    found = {}
    for path in folder.glob("*.py"):
        text = path.read_text(encoding="utf-8")
        revision = re.search(r"^revision = [\"'](\w+)[\"']", text, re.MULTILINE)
        before = re.search(r"^down_revision = [\"'](\w+)[\"']", text, re.MULTILINE)
        if revision:
            found[revision[1]] = before[1] if before else ""
    return found
