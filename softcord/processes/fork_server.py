"""Imported first by the process that workers are forked from, so that it ends with the one that started it.

It would notice that end only after all its other imports, which take many seconds.
"""

import os
import sys
from pickle import UnpicklingError
from types import TracebackType

from softcord.processes.parallel import end_with_parent


def say_nothing_of_half_a_job(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    """Print an error, unless it is that a job's description ends half-way: whoever wrote it was killed."""
    if not isinstance(error, UnpicklingError | EOFError):
        sys.__excepthook__(kind, error, where)


# multiprocessing starts that process with ``-c``; in any other one this import does nothing.
if sys.argv[:1] == ["-c"]:
    end_with_parent(os.getppid())
    sys.excepthook = say_nothing_of_half_a_job
