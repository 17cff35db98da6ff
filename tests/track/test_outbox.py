"""A tracking server that dies while a run records: the run goes on, and nothing of it is lost."""

import json
import logging
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from softcord.app.records.record import recorded, send_kept
from softcord.sweep.ledger import Run, read_run
from softcord.track import outbox as module
from softcord.track.store import Store, StudyRecord

PORT = 18437


class Server:
    """As much of a tracking server as a run talks to; what it was told stays when it is started again."""

    def __init__(self, artifacts: Path) -> None:
        self.artifacts = artifacts
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.http: HTTPServer | None = None

    def start(self) -> None:
        """Answer from now on."""
        told, run = self.told, {"info": {"run_id": "r", "artifact_uri": self.artifacts.as_uri()}}
        run["info"] |= {"lifecycle_stage": "active", "status": "RUNNING", "experiment_id": "1"}

        class Handler(BaseHTTPRequestHandler):
            def _answer(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                told.append((self.path.partition("?")[0], json.loads(self.rfile.read(length) or b"{}")))
                content = json.dumps({"run": run, "run_info": run["info"], "runs": []}).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = _answer  # noqa: N815

            def log_message(self, *_arguments: object) -> None:
                """Stay silent."""

        HTTPServer.allow_reuse_address = True
        self.http = HTTPServer(("127.0.0.1", PORT), Handler)
        threading.Thread(target=self.http.serve_forever, daemon=True).start()

    def stop(self) -> None:
        """Answer no more."""
        assert self.http is not None
        self.http.shutdown()
        self.http.server_close()

    def metrics(self) -> list[tuple[str, float, int]]:
        """Return the metrics that it was told, in order: key, value, step."""
        batches = [body.get("metrics", []) for path, body in self.told if path.endswith("log-batch")]
        return [(one["key"], one["value"], one["step"]) for batch in batches for one in batch]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Server:
    """A server that answers."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{PORT}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    (tmp_path / "artifacts").mkdir()
    server = Server(tmp_path / "artifacts")
    server.start()
    return server


def test_a_server_that_dies_in_mid_run_costs_the_run_nothing_and_is_told_later(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_dir = tmp_path / "outputs/s/soft_all_s1"
    run_dir.mkdir(parents=True)
    (run_dir / "log.txt").write_text("log")
    run = Run("soft_all_s1", "s", "soft_all", 1, "f", "c", ())
    study = StudyRecord(Store(f"http://127.0.0.1:{PORT}", None, tmp_path / "lock"), "1", "parent")
    started = time.perf_counter()
    with caplog.at_level(logging.INFO, "softcord"), recorded(run_dir, run, study) as entry:
        entry.metrics({"loss": 1.0}, 0)
        server.stop()
        for epoch in range(1, 20):
            entry.metrics({"loss": 1.0 + epoch}, epoch)
        entry.params({"seed": 1})
        (tmp_path / "soon_gone").mkdir()
        (tmp_path / "soon_gone/overlay.png").write_text("picture")
        entry.artifact(tmp_path / "soon_gone", "overlays")
        (tmp_path / "soon_gone/overlay.png").unlink()
    assert time.perf_counter() - started < 30
    ended = read_run(run_dir)
    assert ended is not None
    assert ended.is_complete
    assert caplog.text.count("the store does not answer: what soft_all_s1 records is kept in") == 1
    assert "the same command sends them when it answers again" in caplog.text
    assert server.metrics() == [("loss", 1.0, 0)]

    send_kept(run_dir, ended, tmp_path / "store")
    assert "entries still wait for the store" in caplog.text
    server.start()
    try:
        monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.0)
        send_kept(run_dir, ended, tmp_path / "store")
    finally:
        server.stop()
    assert server.metrics() == [("loss", 1.0 + epoch, epoch) for epoch in range(20)]
    assert (server.artifacts / "overlays/overlay.png").read_text() == "picture"
    assert (server.artifacts / "log.txt").read_text() == "log"
    tags = [tag for path, body in server.told if path.endswith("log-batch") for tag in body.get("tags", [])]
    assert {"key": "softcord.state", "value": "complete"} in tags
    assert server.told[-1][0].endswith("runs/update")
    assert not list(run_dir.glob("unsent*"))


def test_a_server_that_comes_back_is_told_by_the_run_itself_in_the_right_order(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0.0)
    monkeypatch.setattr(module, "_LONGEST_PAUSE_S", 0.0)
    run_dir = tmp_path / "outputs/s/soft_all_s1"
    run_dir.mkdir(parents=True)
    (run_dir / "log.txt").write_text("log")
    run = Run("soft_all_s1", "s", "soft_all", 1, "f", "c", ())
    study = StudyRecord(Store(f"http://127.0.0.1:{PORT}", None, tmp_path / "lock"), "1", "parent")
    try:
        with recorded(run_dir, run, study) as entry:
            for epoch in range(6):
                if epoch == 2:
                    server.stop()
                if epoch == 4:
                    server.start()
                entry.metrics({"loss": float(epoch)}, epoch)
    finally:
        server.stop()
    assert server.metrics() == [("loss", float(epoch), epoch) for epoch in range(6)]
    assert not list(run_dir.glob("unsent*"))
