"""One live view of a sweep, read from the ledger: the same for every launcher."""

import io
import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from softcord.app.plan import Plan
from softcord.app.sweep import entries_of
from softcord.app.terminal import duration
from softcord.sweep.study import Entry

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

logger = logging.getLogger("softcord")

_LOOK_EVERY_S = 1.0
# Ends that a run does not come back from within one sweep.
_ENDED = ("complete", "pruned", "failed")


@contextmanager
def watch(plans: list[Plan]) -> Iterator[None]:
    """Show how runs come along while the body runs them: a live view on a terminal, else lines of the log."""
    is_terminal = sys.stderr.isatty()
    with (_drawn if is_terminal else _logged)(Progress(plans)):
        yield


class Progress:
    """How far the runs of one command are, and when they will be done."""

    def __init__(self, plans: Sequence[Plan]) -> None:
        self.plans = plans
        self.started_at = time.time()
        self.entries: list[Entry] = []
        self.most_at_once = 1

    def look(self) -> None:
        """Read the ledger."""
        self.entries = list(entries_of(self.plans).values())
        self.most_at_once = max(self.most_at_once, len(self.running))

    @property
    def running(self) -> list[Entry]:
        """Runs that some process works on."""
        return [entry for entry in self.entries if entry.standing == "running"]

    @property
    def ended(self) -> list[Entry]:
        """Runs that completed or failed since the command was given."""
        return [
            entry
            for entry in self.entries
            if entry.standing in _ENDED and entry.run and entry.run.started_at >= self.started_at - 1
        ]

    def left_s(self) -> float | None:
        """Estimate the seconds until all runs have ended; None as long as nothing is known."""
        taken = [_attempt_s(entry) for entry in self.ended if entry.standing == "complete"]
        each_s = sum(taken) / len(taken) if taken else self._expected_s()
        if each_s is None:
            return None
        waiting = len(self.plans) - len(self.ended) - len(self.running)
        going = [max(each_s - _attempt_s(entry), 0.0) for entry in self.running]
        return max((sum(going) + waiting * each_s) / self.most_at_once, max(going, default=0.0))

    def _expected_s(self) -> float | None:
        """Duration of a run, from the share of its training that one has behind it."""
        begun = [
            _attempt_s(entry) / entry.run.fraction
            for entry in self.running
            if entry.run and entry.run.fraction > 0
        ]
        return sum(begun) / len(begun) if begun else None

    def line(self) -> str:
        """Say in a line how far the runs are."""
        failed = sum(entry.standing == "failed" for entry in self.ended)
        parts = [f"{len(self.ended) - failed} of {len(self.plans)} runs complete"]
        parts += [f"{failed} failed"] if failed else []
        left_s = self.left_s()
        if left_s is not None and len(self.ended) < len(self.plans):
            parts.append(f"about {duration(left_s)} left")
        return ", ".join(parts)


def _attempt_s(entry: Entry) -> float:
    if entry.run is None:
        return 0.0
    if entry.standing == "running":
        return time.time() - entry.run.started_at
    return entry.run.seconds - entry.run.earlier_seconds


@contextmanager
def _repeated(look: Callable[[], None]) -> Iterator[None]:
    """Call ``look`` every second in a thread of its own, and once more at the end."""
    is_over = threading.Event()

    def repeat() -> None:
        while not is_over.wait(_LOOK_EVERY_S):
            look()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()
        look()


@contextmanager
def _logged(progress: Progress) -> Iterator[None]:
    said = 0

    def look() -> None:
        nonlocal said
        progress.look()
        if len(progress.ended) > said and len(progress.plans) > 1:
            said = len(progress.ended)
            logger.info("%s", progress.line())

    with _repeated(look):
        yield


@contextmanager
def _drawn(progress: Progress) -> Iterator[None]:
    from rich.console import Console
    from rich.live import Live

    terminal = sys.stderr
    console = Console(file=terminal)
    above = _Above(console)
    handlers = [one for one in logger.handlers if isinstance(one, logging.StreamHandler)]
    with Live(console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as live:

        def look() -> None:
            progress.look()
            live.update(drawing(progress))

        sys.stderr = above
        for handler in handlers:
            handler.setStream(above)
        try:
            with _repeated(look):
                yield
        finally:
            sys.stderr = terminal
            for handler in handlers:
                handler.setStream(terminal)


class _Above(io.TextIOBase):
    """Standard error while the live view stands below it: whole lines, and no terminal for other bars."""

    def __init__(self, console: "Console") -> None:
        self.console = console
        self.begun = ""

    def write(self, text: str) -> int:
        """Print the lines that are whole."""
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        return len(text)


def drawing(progress: Progress) -> "RenderableType":
    """Return the study in a line, and a line for each run that runs."""
    from rich.console import Group
    from rich.progress_bar import ProgressBar
    from rich.table import Table
    from rich.text import Text

    rows = Table.grid(padding=(0, 2))
    for entry in progress.running:
        assert entry.run is not None
        rows.add_row(
            "",
            Text(entry.run.name),
            ProgressBar(1.0, entry.run.fraction, width=20),
            Text(entry.run.doing or "starting"),
            duration(_attempt_s(entry)),
        )
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(progress.plans[0].study, style="bold"),
        ProgressBar(len(progress.plans), len(progress.ended), width=24),
        Text(progress.line()),
    )
    return Group(head, rows)
