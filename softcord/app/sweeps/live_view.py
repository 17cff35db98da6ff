"""One live view of a sweep, read from the ledger: the same for every launcher."""

import io
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from softcord.app.config.plan import Plan
from softcord.app.console.terminal import duration
from softcord.app.sweeps.runs import attempts_at, entries_of
from softcord.plain import plain
from softcord.sweep.commands import Entry

logger = logging.getLogger("softcord")

_LOOK_EVERY_S = 1.0
# Reading thousands of runs takes a second: the trainings are left at least nineteen parts of twenty.
_LONGEST_SHARE = 0.05
# Runs in processes of their own say how far they are in logs of their own: here nothing is silent for longer.
_SILENCE_S = 20.0
# Ends that a run does not come back from within one sweep.
_ENDED = ("complete", "pruned", "failed")


def watch(plans: list[Plan]) -> AbstractContextManager[None]:
    """Show how runs come along while the body runs them."""
    return showing(Progress(plans))


def showing(progress: "Progress") -> AbstractContextManager[None]:
    """Show a progress while the body makes it: a live view on a terminal, else lines of the log."""
    return (_drawn if sys.stderr.isatty() else _logged)(progress)


class Progress:
    """How far the runs of one command are, and when they will be done.

    A search begins its runs, the trials, in batches: ``plans`` are those of the present one, ``behind`` says
    how many were finished before it, by condition. ``n_trials`` is how many there will be in the end; one
    that fails is not among them, for others are tried instead.
    """

    def __init__(self, plans: Sequence[Plan], n_trials: int = 0) -> None:
        self.plans = plans
        self.n_trials = n_trials
        self.behind: dict[str, int] = {}
        self.took_s: list[float] = []
        self.failed_before = 0
        self.before = attempts_at(plans)
        self.entries: dict[tuple[Path, str], Entry] = {}
        self.most_at_once = 1

    def next_batch(self, plans: Sequence[Plan]) -> None:
        """Go on to the next trials of a search."""
        self.took_s += map(_attempt_s, self.finished)
        self.failed_before = self.n_failed
        self.plans, self.before, self.entries = plans, attempts_at(plans), {}

    def look(self) -> None:
        """Read the ledger."""
        self.entries = entries_of(self.plans)
        self.most_at_once = max(self.most_at_once, len(self.running))

    @property
    def running(self) -> list[Entry]:
        """Runs that some process works on."""
        return [entry for entry in self.entries.values() if entry.standing == "running"]

    @property
    def running_elsewhere(self) -> list[Entry]:
        """Those of them that another process than this one works on."""
        here = (socket.gethostname(), os.getpid())
        return [entry for entry in self.running if entry.run and (entry.run.host, entry.run.pid) != here]

    @property
    def ended(self) -> list[Entry]:
        """Runs that completed, were pruned or failed since the command was given."""
        return [
            entry
            for key, entry in self.entries.items()
            if entry.standing in _ENDED and entry.run and entry.run.mark != self.before.get(key)
        ]

    @property
    def finished(self) -> list[Entry]:
        """Those of them that did not fail."""
        return [entry for entry in self.ended if entry.standing != "failed"]

    @property
    def n_runs(self) -> int:
        """How many runs there are to be."""
        return self.n_trials or len(self.plans)

    @property
    def n_finished(self) -> int:
        """How many of them are finished."""
        return sum(self.behind.values()) + len(self.finished)

    @property
    def n_failed(self) -> int:
        """How many failed."""
        return self.failed_before + len(self.ended) - len(self.finished)

    @property
    def n_done(self) -> int:
        """How many need nothing more: a failed run has ended, a failed trial is replaced."""
        return self.n_finished if self.n_trials else len(self.ended)

    def left_s(self) -> float | None:
        """Estimate the seconds until all runs have ended; None as long as nothing is known."""
        taken = [*self.took_s, *map(_attempt_s, self.finished)]
        each_s = sum(taken) / len(taken) if taken else self._expected_s()
        if each_s is None:
            return None
        waiting = max(self.n_runs - self.n_done - len(self.running), 0)
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
        what = "trials finished" if self.n_trials else "runs complete"
        parts = [f"{self.n_finished} of {self.n_runs} {what}"]
        parts += [f"{self.n_failed} failed"] if self.n_failed else []
        left_s = self.left_s()
        if left_s is not None and self.n_done < self.n_runs:
            parts.append(f"about {duration(left_s)} left")
        return ", ".join(parts)


def _doing(entry: Entry) -> str:
    return (entry.run.doing if entry.run else "") or "starting"


def _attempt_s(entry: Entry) -> float:
    if entry.run is None:
        return 0.0
    if entry.standing == "running" and entry.run.host == socket.gethostname():
        return time.time() - entry.run.started_at
    return entry.run.seconds - entry.run.earlier_seconds


@contextmanager
def _repeated(look: Callable[[], None]) -> Iterator[None]:
    """Call ``look`` in a thread of its own, and once more at the end: every second, where that is cheap."""
    is_over = threading.Event()

    def repeat() -> None:
        wait_s = _LOOK_EVERY_S
        while not is_over.wait(wait_s):
            started = time.perf_counter()
            look()
            wait_s = max(_LOOK_EVERY_S, (time.perf_counter() - started) / _LONGEST_SHARE)

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
    said, said_at = 0, time.monotonic()

    def look() -> None:
        nonlocal said, said_at
        progress.look()
        has_ended = len(progress.ended) > said and progress.n_runs > 1
        at_work = progress.running_elsewhere
        speaks_here = len(progress.running) > len(at_work)
        if has_ended or (not speaks_here and time.monotonic() - said_at >= _SILENCE_S):
            said, said_at = len(progress.ended), time.monotonic()
            doing = "; ".join(f"{entry.run.name} {_doing(entry)}" for entry in at_work if entry.run)
            logger.info("%s", f"{progress.line()} ({doing})" if doing else progress.line())

    with _repeated(look):
        yield


@contextmanager
def _drawn(progress: Progress) -> Iterator[None]:
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

    def __init__(self, console: Console) -> None:
        self.console = console
        self.begun = ""

    def write(self, text: str) -> int:
        """Print the lines that are whole."""
        *lines, self.begun = (self.begun + text).split("\n")
        for line in lines:
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        return len(text)


def drawing(progress: Progress) -> RenderableType:
    """Return the study in a line, and a line for each run that runs."""
    rows = Table.grid(padding=(0, 2))
    for entry in progress.running:
        assert entry.run is not None
        rows.add_row(
            "",
            Text(plain(entry.run.name)),
            ProgressBar(1.0, entry.run.fraction, width=20),
            Text(plain(_doing(entry))),
            duration(_attempt_s(entry)),
        )
    head = Table.grid(padding=(0, 2))
    head.add_row(
        Text(plain(progress.plans[0].study), style="bold"),
        ProgressBar(progress.n_runs, progress.n_done, width=24),
        Text(progress.line()),
    )
    return Group(head, rows)
