"""Standard streams that are there, whatever the caller has closed (``2>&-``)."""

import os
import sys
from contextlib import suppress

from softcord.plain import plain


def open_standard_streams() -> None:
    """Let closed standard streams go nowhere.

    Otherwise the next file that is opened takes the place of the closed one, and is written to by every
    library that says something.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free: this one
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115


def show(text: str = "", *, flush: bool = False) -> None:
    """Write what a verb answers to standard output, without the control characters that a name may hold."""
    print(_plain_lines(text), flush=flush)


def say(text: str) -> None:
    """Write a line to standard error, as plain; one that nobody can read is no reason to fail."""
    with suppress(OSError, ValueError):
        print(_plain_lines(text), file=sys.stderr)


def _plain_lines(text: str) -> str:
    return "\n".join(plain(line) for line in text.split("\n"))
