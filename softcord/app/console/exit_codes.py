"""Turn errors into one line on standard error and an exit code (README.md lists them)."""

import os
import sys
from collections.abc import Callable

from softcord.errors import SoftcordError

DONE = 0
FAILED = 1
USAGE = 2
DATA = 3
STUDY = 4
INTERRUPTED = 130


def guarded(verb: Callable[[], int]) -> int:
    """Run a verb; report a known error in one line, an unknown one in one line plus where to look.

    ``SOFTCORD_TRACEBACK=1`` shows the traceback.
    """
    try:
        return verb()
    except SoftcordError as error:
        if wants_traceback():
            raise
        print(f"softcord: {error}", file=sys.stderr)
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
        print(
            f"softcord: {type(error).__name__}: {error}. SOFTCORD_TRACEBACK=1 shows where it happened.",
            file=sys.stderr,
        )
        return FAILED


def _interrupted() -> int:
    print("softcord: interrupted; repeat the command to go on from here.", file=sys.stderr)
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
