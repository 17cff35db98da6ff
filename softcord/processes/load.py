"""How many cores other programs leave free at this moment."""

import os
import time
from pathlib import Path

_STAT = Path("/proc/stat")  # Linux


def idle_cores(for_s: float = 0.2) -> float:
    """Return how many cores did nothing while this process waited for ``for_s`` seconds.

    Where the system does not say (macOS), the load of the last minute is taken from the number of cores; that
    counts what this process itself did, too.
    """
    cores = os.cpu_count() or 1
    before = _ticks()
    time.sleep(for_s)
    after = _ticks()
    if before is None or after is None or after[1] == before[1]:
        return max(0.0, cores - os.getloadavg()[0])
    return cores * (after[0] - before[0]) / (after[1] - before[1])


def threads_beside_others(most: int, idle: float) -> int:
    """Return how many of ``most`` threads to compute in where ``idle`` cores are free.

    Threads wait for the slowest of them, so one on a core that others use holds up all. But others come and
    go, and the number stays: it is never less than half.

    >>> [threads_beside_others(8, idle) for idle in (8.0, 6.2, 0.5)]
    [8, 6, 4]
    """
    return max(-(-most // 2), min(most, round(idle)))


def _ticks() -> tuple[int, int] | None:
    """Return the idle and all clock ticks of all cores since the machine started."""
    try:
        first = _STAT.read_text(encoding="ascii").splitlines()[0].split()[1:9]
    except OSError:
        return None
    user, nice, system, idle, iowait, irq, softirq, steal = map(int, first)
    return idle + iowait, user + nice + system + idle + iowait + irq + softirq + steal
