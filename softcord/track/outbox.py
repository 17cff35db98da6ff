"""What a run has to say to a store that does not answer: kept beside its results, sent when it is back."""

import json
import logging
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from softcord.io.files import write_text
from softcord.track.check_store import answers

logger = logging.getLogger("softcord")

# A server that does not answer costs a run at most some seconds now and then: the pause grows.
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 30.0, 600.0

_UNAVAILABLE = ("INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED")

Call = Mapping[str, Any]


class Outbox:
    """Calls that could not be made, in their order, in the file ``unsent.jsonl`` of ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "unsent.jsonl"
        self._files = folder / "unsent"
        self._pause_s = _FIRST_PAUSE_S
        self._try_again_at = 0.0

    def __len__(self) -> int:
        """How many calls wait."""
        return len(self._lines())

    def _lines(self) -> list[str]:
        return self.path.read_text(encoding="utf-8").splitlines() if self.path.exists() else []

    def keep(self, call: Call) -> None:
        """Keep a call; a file of another folder than the run's own is copied, as it may soon be gone."""
        kept = dict(call)
        if call["kind"] == "artifact" and not Path(call["path"]).is_relative_to(self.folder):
            source = Path(call["path"])
            target = self._files / str(time.time_ns()) / source.name
            target.parent.mkdir(parents=True)
            (shutil.copytree if source.is_dir() else shutil.copy)(source, target)
            kept["path"] = str(target)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(f"{json.dumps(kept)}\n")

    def send(self, make: Callable[[Call], None], uri: str) -> bool:
        """Make the calls that wait, the first one first; whether none is left."""
        lines = self._lines()
        if not lines:
            return True
        if time.monotonic() < self._try_again_at or (uri.startswith("http") and not answers(uri)):
            self.wait()
            return False
        done = 0
        try:
            for line in lines:
                make(json.loads(line))
                done += 1
        except Exception as error:
            if not is_of_the_store(error):
                logger.warning("left out, since the store refuses it: %s", _first_line(error))
                done += 1
            self.wait()
        self._forget(lines[done:])
        return done == len(lines)

    def _forget(self, left: list[str]) -> None:
        if left:
            write_text(self.path, "".join(f"{line}\n" for line in left))
            return
        self.path.unlink(missing_ok=True)
        shutil.rmtree(self._files, ignore_errors=True)
        self._pause_s, self._try_again_at = _FIRST_PAUSE_S, 0.0

    def wait(self) -> None:
        """Leave the store alone for a while."""
        if time.monotonic() >= self._try_again_at:
            self._try_again_at = time.monotonic() + self._pause_s
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)


def is_of_the_store(error: BaseException) -> bool:
    """Whether an error says that the store cannot answer now, rather than that it refuses."""
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        return str(error.error_code) in (
            "INTERNAL_ERROR",
            "TEMPORARILY_UNAVAILABLE",
            "REQUEST_LIMIT_EXCEEDED",
        )
    return type(error).__module__.partition(".")[0] in ("requests", "urllib3", "sqlalchemy")


@contextmanager
def store_may_fail(what: str) -> Iterator[None]:
    """Go on where the store cannot answer: what is left out is only what it shows of a study."""
    try:
        yield
    except Exception as error:
        if not is_of_the_store(error):
            raise
        logger.warning("%s is left out: the store does not answer (%s)", what, _first_line(error))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
