"""One progress bar a phase, on standard error; lines instead where that is not a terminal, and in log.txt."""

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from softcord.plain import plain

# Nothing that runs is silent for longer.
SILENCE_S = 9.0

logger = logging.getLogger("softcord")


@contextmanager
def phase(description: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show how far ``total`` steps are; call what it yields with the current file's name after each step.

    A phase of more than some seconds is told in lines as well, also while one step lasts: a terminal shows
    its bar instead of them.
    """
    progress = _Lines(description, total)
    with progress.told_in_time(), _bar(description, total) as advance:

        def on_done(name: str) -> None:
            progress.done += 1
            advance(name)

        yield on_done


class _Lines:
    """Tells how far a phase is, whenever nothing was told for some seconds."""

    def __init__(self, description: str, total: int) -> None:
        self.description, self.total, self.done = plain(description), total, 0
        self.started = time.monotonic()
        self._ended = threading.Event()

    @contextmanager
    def told_in_time(self) -> Iterator[None]:
        thread = threading.Thread(target=self._tell_until_the_end, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._ended.set()
            thread.join()

    def _tell_until_the_end(self) -> None:
        while not self._ended.wait(SILENCE_S):
            seconds = time.monotonic() - self.started
            left = f", about {seconds / self.done * (self.total - self.done):.0f} s left" if self.done else ""
            of = f" of {self.total}" if self.total else ""
            what = f"{self.done}{of} after {seconds:.0f} s{left if self.total else ''}"
            logger.info("%s: %s", self.description, what, extra={IN_A_BAR: True})


# What a terminal shows by a bar: such records go to files only where standard error is a terminal.
IN_A_BAR = "in_a_bar"


def is_not_in_a_bar(record: logging.LogRecord) -> bool:
    """Whether a message is to be written where a bar may be."""
    return not (getattr(record, IN_A_BAR, False) and sys.stderr.isatty())


@contextmanager
def _bar(description: str, total: int) -> Iterator[Callable[[str], None]]:
    if not sys.stderr.isatty():
        yield lambda _name: None
        return
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[name]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True, width=100), transient=True) as bars:
        task = bars.add_task(plain(description), total=total, name="")
        yield lambda name: bars.update(task, advance=1, name=plain(name))
