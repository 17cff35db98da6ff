"""What the user sees: log lines, a log file per run, and tables."""

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.console.progress import is_not_in_a_bar
from softcord.app.console.remedies import with_keys
from softcord.app.console.streams import show
from softcord.plain import plain

if TYPE_CHECKING:
    import pandas as pd

_FORMAT = "%(asctime)s %(message)s"
_CLOCK = "%H:%M:%S"


class _OneLine(logging.Formatter):
    """Write messages in the words of the command line, without control characters, which a name may hold."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the message, its lines kept."""
        return "\n".join(plain(line) for line in with_keys(super().format(record)).split("\n"))


def start_logging(*, only_warnings: bool = False) -> None:
    """Show softcord's messages on standard error, and of other libraries only warnings."""
    logger = logging.getLogger("softcord")
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_OneLine(_FORMAT, _CLOCK))
    handler.addFilter(is_not_in_a_bar)
    logger.handlers = [handler]
    logger.setLevel(logging.WARNING if only_warnings else logging.INFO)
    logger.propagate = False
    # Lightning sets the level of its package loggers on import, but leaves these alone.
    for other in ("pytorch.utilities.rank_zero", "fabric.utilities.rank_zero", "pytorch.accelerators.cuda"):
        logging.getLogger(f"lightning.{other}").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", module=r"(lightning|torch|monai|sqlalchemy|mlflow)\..*")


@contextmanager
def logging_to(path: Path) -> Iterator[None]:
    """Write messages to ``path`` as well, with how the run ended and how long it took."""
    path.parent.mkdir(parents=True, exist_ok=True)
    logger = logging.getLogger("softcord")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(_OneLine("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    started = time.perf_counter()
    try:
        yield
    except BaseException as error:
        handler.handle(
            logger.makeRecord("softcord", logging.ERROR, "", 0, "ended by %r", (error,), sys.exc_info())
        )
        raise
    finally:
        handler.handle(
            logger.makeRecord(
                "softcord", logging.INFO, "", 0, "took %.1f s", (time.perf_counter() - started,), None
            )
        )
        logger.removeHandler(handler)
        handler.close()


def show_table(table: "pd.DataFrame", title: str) -> None:
    """Print a table to standard output."""
    from softcord.report.summary import print_table  # pandas and scipy: seconds

    show(f"\n{title}\n")
    show(print_table(table))


def duration(seconds: float) -> str:
    """Write a time as a person says it: 40 s, 12 min, 3 h 20 min."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"
