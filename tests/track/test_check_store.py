"""A store that cannot be used is found in a moment, in one line that says what to do."""

import socket
import sqlite3
import time
from pathlib import Path

import pytest

from softcord.errors import RunError
from softcord.track import check_store as module
from softcord.track.check_store import check_database, check_store
from softcord.track.store import open_store


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a store, to be copied."""
    folder = tmp_path_factory.mktemp("made")
    open_store(folder)
    with sqlite3.connect(folder / "mlflow.db") as connection:
        connection.execute("vacuum into ?", [str(folder / "copy.db")])
    return folder / "copy.db"


@pytest.fixture
def store(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of its own, and no patience with locks."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setattr(module, "_LOCKED_FOR_S", 0.2)
    (tmp_path / "mlflow.db").write_bytes(made.read_bytes())
    return tmp_path


def test_a_store_that_can_be_used_or_is_not_there_yet_passes(store: Path, tmp_path: Path) -> None:
    check_store(store)
    check_store(tmp_path / "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_locked_database_is_said_to_be_locked(store: Path) -> None:
    holder = sqlite3.connect(store / "mlflow.db")
    holder.execute("BEGIN EXCLUSIVE")
    with pytest.raises(RunError, match=r"mlflow\.db: is locked by another program\. Close what has it open"):
        check_store(store)
    holder.rollback()
    check_store(store)


@pytest.mark.parametrize("where", [0, 100, 5000])
def test_a_damaged_database_is_said_to_be_damaged(where: int, store: Path) -> None:
    path = store / "mlflow.db"
    content = bytearray(path.read_bytes())
    content[where : where + 20_000] = b"\x55" * 20_000
    path.write_bytes(content)
    with pytest.raises(RunError, match=r"is damaged \(.*\)\. Restore it from a copy"):
        check_store(store)


def test_a_file_that_is_cut_off_or_no_database_is_damaged(store: Path) -> None:
    path = store / "mlflow.db"
    path.write_bytes(path.read_bytes()[:9000])
    with pytest.raises(RunError, match="is damaged"):
        check_store(store)
    path.write_bytes(b"<html>not found</html>" * 100)
    with pytest.raises(RunError, match="is damaged"):
        check_database(path)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        ("ffffffffffff", "was made by another, most likely newer MLflow (schema ffffffffffff). Install that"),
        (
            "451aebb31d03",
            "was made by an older MLflow (schema 451aebb31d03). Copy it, then run `mlflow db up",
        ),
    ],
)
def test_a_store_of_another_mlflow_gets_the_advice_that_is_right(schema: str, said: str, store: Path) -> None:
    with sqlite3.connect(store / "mlflow.db") as connection:
        connection.execute("update alembic_version set version_num = ?", [schema])
    with pytest.raises(RunError) as caught:
        check_store(store)
    assert said in str(caught.value)


def test_an_empty_file_is_no_store(store: Path) -> None:
    (store / "mlflow.db").write_bytes(b"")
    with pytest.raises(RunError, match="is no store of MLflow"):
        check_store(store)


def test_a_server_that_is_not_there_is_known_in_a_moment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{taken.getsockname()[1]}")
        started = time.perf_counter()
        with pytest.raises(RunError, match=r"the tracking server does not answer\. Start it"):
            check_store(tmp_path)
        assert time.perf_counter() - started < 5


@pytest.mark.parametrize("table", ["experiments", "runs"])
def test_a_store_that_keeps_its_files_on_a_server_is_refused_before_it_is_written_to(
    table: str, store: Path
) -> None:
    with sqlite3.connect(store / "mlflow.db") as connection:
        if table == "experiments":
            connection.execute("update experiments set artifact_location = 'ftp://192.0.2.1/mine'")
        else:
            connection.execute(
                "insert into runs (run_uuid, name, experiment_id, status, lifecycle_stage, artifact_uri)"
                " values ('r', 'odd', 0, 'FINISHED', 'active', 'ftp://192.0.2.1/mine')"
            )
    with pytest.raises(RunError, match=r"keeps the files of (Default|odd) at ftp://192\.0\.2\.1/mine"):
        check_store(store)
