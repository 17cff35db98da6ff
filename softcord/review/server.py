"""Serve a review page to the browser of this machine, and write each rating as it is given.

Standard library only. It listens on 127.0.0.1, answers only requests that know the token of this start and
name this host, and gives out nothing but the page and its pictures.
"""

import json
import secrets
from collections.abc import Mapping
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from filelock import Timeout

from softcord.errors import SoftcordError
from softcord.review.page import INDEX, PICTURES
from softcord.review.ratings import Rating, add_ratings, given_at

HOST = "127.0.0.1"
_MOST_BYTES = 20_000  # of a rating
_TYPES = {".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8"}


class ReviewServer(ThreadingHTTPServer):
    """A server of one review folder; ``url`` opens it."""

    daemon_threads = True

    def __init__(self, folder: Path, table: Path, masks: Mapping[str, str], port: int = 0) -> None:
        """Listen on ``port`` (0: a free one); ``masks`` are the masks' paths and their images' names."""
        self.token = secrets.token_urlsafe(24)
        super().__init__((HOST, port), partial(_Handler, folder, table, masks, self.token))

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_address[1]}/{self.token}/{INDEX}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def __init__(
        self, folder: Path, table: Path, masks: Mapping[str, str], token: str, *request: object
    ) -> None:
        self.folder, self.table, self.masks, self.token = folder, table, masks, token
        super().__init__(*request)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        name = self.asked()
        if name is None:
            return
        path = self.folder / name
        folder, _, file = name.rpartition("/")
        is_ours = name == INDEX or (folder == PICTURES and file.endswith(".js") and "\\" not in file)
        if not is_ours or not path.is_file():
            self.answer(HTTPStatus.NOT_FOUND, b"not here", "text/plain")
            return
        self.answer(HTTPStatus.OK, path.read_bytes(), _TYPES[path.suffix])

    def do_POST(self) -> None:
        if self.asked() != "rate":
            return
        length = int(self.headers.get("Content-Length") or 0)
        if not 0 < length <= _MOST_BYTES:
            self.answer(HTTPStatus.BAD_REQUEST, b"no rating", "text/plain")
            return
        try:
            given = json.loads(self.rfile.read(length))
            mask = str(given["mask"])
            rating = Rating(
                self.masks[mask],
                mask,
                " ".join(str(given["rater"]).split()),
                str(given["rating"]),
                " ".join(str(given.get("comment", "")).split()),
                given_at(given.get("rated_at")),
                str(given.get("mask_sha256", "")),
            )
            add_ratings(self.table, [rating])
        except (KeyError, TypeError, ValueError) as error:
            self.answer(HTTPStatus.BAD_REQUEST, f"no rating: {error}".encode(), "text/plain")
        except (SoftcordError, OSError, Timeout) as error:
            self.answer(HTTPStatus.CONFLICT, str(error).encode(), "text/plain")
        else:
            self.answer(HTTPStatus.OK, b"{}", "application/json")

    def asked(self) -> str | None:
        """Return what is asked for below the token, or refuse and return None."""
        host = (self.headers.get("Host") or "").rpartition(":")[0]
        _, token, name = [*self.path.partition("?")[0].split("/", 2), "", ""][:3]
        if host not in (HOST, "localhost") or not secrets.compare_digest(token.encode(), self.token.encode()):
            self.answer(HTTPStatus.FORBIDDEN, b"forbidden", "text/plain")
            return None
        return name

    def answer(self, status: HTTPStatus, content: bytes, kind: str) -> None:
        if status != HTTPStatus.OK:
            self.close_connection = True
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: the token stands in every line."""
