"""Bars in seconds that mean the same on a slow or busy machine as on the one they were set on."""

import resource
import time
from collections.abc import Callable

import numpy as np

# Processor seconds of `_fixed_work` on the idle machine of docs/performance.md.
_FIXED_WORK_S = 0.04
_TRIES = 3


def assert_within(bar_s: float, action: Callable[[], object]) -> None:
    """Fail where ``action`` takes more processor seconds than ``bar_s``, each of three times.

    Programs that it starts and waits for count. A time counts as what it would have been on the machine that
    the bar was set on: fixed work is timed before and after it. What slows both, as a core that is shared,
    cancels; what slows ``action`` alone does not.
    """
    tried: list[str] = []
    for _ in range(_TRIES):
        before = _fixed_work_s()
        seconds = _processor_s(action)
        slowness = max(1.0, (before + _fixed_work_s()) / 2 / _FIXED_WORK_S)
        if seconds / slowness <= bar_s:
            return
        tried.append(f"{seconds:.2f} s where fixed work takes {slowness:.1f} times as long")
    raise AssertionError(f"over {bar_s} s: " + "; ".join(tried))


def _fixed_work_s() -> float:
    return _processor_s(_fixed_work)


def _fixed_work() -> None:
    """Work like ours: half of it Python's, half NumPy's."""
    total, values = 0, np.linspace(0, 1, 200_000)
    for number in range(500_000):
        total += number % 7
    for _ in range(40):
        values = np.sqrt(values * values + 1e-3)


def _processor_s(action: Callable[[], object]) -> float:
    before = _spent_s()
    action()
    return _spent_s() - before


def _spent_s() -> float:
    """Return the processor seconds of this process and of those that it has waited for."""
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + ended.ru_utime + ended.ru_stime
