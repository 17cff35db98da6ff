"""Turn errors into one line on standard error and an exit code (README.md lists them)."""

import os
import sys
from collections.abc import Callable

from softcord.app.console.remedies import told
from softcord.app.console.streams import say
from softcord.errors import RunError, SoftcordError
from softcord.hints import hint_of
from softcord.plain import plain
from softcord.processes.program import sigterm_as_interrupt

DONE = 0
FAILED = 1
USAGE = 2
DATA = 3
STUDY = 4
SHIFTED = 5  # of `softcord drift` alone, as is the next
CANNOT_TELL = 6
INTERRUPTED = 130


def guarded(verb: Callable[[], int]) -> int:
    """Run a verb; report a known error in one line, an unknown one in one line plus where to look.

    ``SOFTCORD_TRACEBACK=1`` shows the traceback. SIGTERM, as batch systems send it, counts as Ctrl-C.
    """
    try:
        with sigterm_as_interrupt():
            return verb()
    except SoftcordError as error:
        if wants_traceback():
            raise
        line = told(error)
        say(line if line.startswith("softcord ") else f"softcord: {line}")  # the verb itself may be meant
        return error.exit_code
    except KeyboardInterrupt:
        return _interrupted()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        if _follows_an_interrupt(error):
            return _interrupted()
        if wants_traceback():
            raise
        if isinstance(error, OSError) and error.filename and (hint := hint_of(error)):
            say(f"softcord: {RunError(error.filename, error.strerror or '', hint)}")
            return FAILED
        said = plain(" ".join(str(error).split())) or "no more was said"
        say(f"softcord: {type(error).__name__}: {said}. SOFTCORD_TRACEBACK=1 shows where it happened.")
        return FAILED


def _interrupted() -> int:
    say("softcord: interrupted; repeat the command to go on from here.")
    return INTERRUPTED


def _follows_an_interrupt(error: BaseException) -> bool:
    """Whether a library, interrupted, stumbled over its own half-made state while it cleaned up."""
    causes = [error]
    while (before := causes[-1].__context__) is not None:
        causes.append(before)
    return any(isinstance(one, KeyboardInterrupt) for one in causes)


def wants_traceback() -> bool:
    """Whether the user asked for tracebacks."""
    return os.environ.get("SOFTCORD_TRACEBACK", "0") not in ("", "0")
