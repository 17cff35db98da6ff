"""How OpenMP's threads wait for each other: torch computes in them, and they read this when they are loaded.

Left alone, libgomp's threads spin for a millisecond and more at each wait, which on a busy machine takes the
core from the thread that they wait for: with two busy loops on two cores, a training step took 8 times as
long. A short spin keeps the speed of an idle machine and loses little on a busy one
(``benchmarks/bench_busy.py``, docs/performance.md).
"""

import os
from collections.abc import Mapping, MutableMapping

# A spin of libgomp (torch on Linux) is some nanoseconds. LLVM's and Intel's runtimes (torch on macOS, of
# conda) count milliseconds, 200 where nothing is set.
SHORT = {"GOMP_SPINCOUNT": "3000", "KMP_BLOCKTIME": "1"}
# Each of these is the user's own word on it, for whichever runtime there is.
OWN = ("OMP_WAIT_POLICY", *SHORT)


def wait_shortly(environment: MutableMapping[str, str] | None = None) -> Mapping[str, str]:
    """Let OpenMP's threads spin shortly before they sleep, here and in processes started from here.

    Without effect on an OpenMP runtime that is loaded already, and where the environment says anything about
    it.

    Returns:
        What was set.

    >>> wait_shortly({"OMP_WAIT_POLICY": "ACTIVE"})
    {}
    """
    environment = os.environ if environment is None else environment
    if any(name in environment for name in OWN):
        return {}
    environment.update(SHORT)
    return SHORT
