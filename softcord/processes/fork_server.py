"""Imported first by the process that workers are forked from, so that it ends with the one that started it.

It would notice that end only after all its other imports, which take many seconds.
"""

import os
import sys

from softcord.processes.parallel import end_with_parent, say_nothing_of_half_a_job

# multiprocessing starts that process with ``-c``; in any other one this import does nothing.
if sys.argv[:1] == ["-c"]:
    end_with_parent(os.getppid())
    sys.excepthook = say_nothing_of_half_a_job
