"""One progress bar a phase, on standard error; silent when that is not a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from softcord.plain import plain


@contextmanager
def phase(description: str, total: int) -> Iterator[Callable[[str], None]]:
    """Show a bar of ``total`` steps; call what it yields with the current file's name after each step."""
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
