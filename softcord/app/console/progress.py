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
    description = plain(description)
    done, started = 0, time.monotonic()

    def how_far() -> str:
        seconds = time.monotonic() - started
        if not total:
            return f"{description}: {seconds:.0f} s so far"
        left = f", about {seconds / done * (total - done):.0f} s left" if done else ""
        return f"{description}: {done} of {total} after {seconds:.0f} s{left}"

    with told_in_time(how_far), _bar(description, total) as advance:

        def on_done(name: str) -> None:
            nonlocal done
            done += 1
            advance(name)

        yield on_done


@contextmanager
def told_in_time(how_far: Callable[[], str]) -> Iterator[Callable[[], None]]:
    """Log what ``how_far`` says whenever nothing was said for some seconds.

    What it yields is called when something else was said. A terminal shows a bar instead of these lines.
    """
    said, ended = time.monotonic(), threading.Event()

    def tell_until_the_end() -> None:
        nonlocal said
        while not ended.wait(max(0.0, said + SILENCE_S - time.monotonic())):
            if time.monotonic() - said >= SILENCE_S:
                logger.info("%s", how_far(), extra={IN_A_BAR: True})
                said = time.monotonic()

    def was_said() -> None:
        nonlocal said
        said = time.monotonic()

    thread = threading.Thread(target=tell_until_the_end, daemon=True)
    thread.start()
    try:
        yield was_said
    finally:
        ended.set()
        thread.join()


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
