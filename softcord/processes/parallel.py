"""Run one function over many items in separate processes; one bad item never stops the rest."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Generic, TypeVar

from softcord.errors import SoftcordError
from softcord.processes.program import environment

_PR_SET_PDEATHSIG = 1
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

Item = TypeVar("Item")
Value = TypeVar("Value")


@dataclass(frozen=True)
class Outcome(Generic[Item, Value]):
    """What came of one item: its value, or the error in one line."""

    item: Item
    value: Value | None
    error: str | None


def parallel_map(
    function: Callable[[Item], Value], items: Sequence[Item], jobs: int = 1
) -> Iterator[Outcome[Item, Value]]:
    """Yield an outcome per item, as they finish.

    ``function`` and the items must be picklable. With ``jobs=1`` everything runs in this process, in order.
    Workers are spawned, not forked: a fork of a process whose libraries run threads can hang.
    """
    if jobs <= 1 or len(items) <= 1:
        for item in items:
            yield _attempt(function, item)
        return
    context = multiprocessing.get_context("spawn")
    workers = ProcessPoolExecutor(
        min(jobs, len(items)), mp_context=context, initializer=end_with_parent, initargs=(os.getpid(),)
    )
    # Their number already fills the cores.
    with environment(dict.fromkeys(_THREADS, "1")), workers as pool:
        pending = {pool.submit(_attempt, function, item): item for item in items}
        try:
            for future in as_completed(pending):
                error = future.exception()
                if error is None:
                    yield future.result()
                else:
                    yield Outcome(pending[future], None, f"the worker process died ({error})")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def end_with_parent(parent: int) -> None:
    """Let this process be killed when ``parent``, the process that started it, ends in whatever way.

    Without it, workers of a killed process live on, and hold what their jobs hold.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _attempt(function: Callable[[Item], Value], item: Item) -> Outcome[Item, Value]:
    try:
        return Outcome(item, function(item), None)
    except SoftcordError as error:
        return Outcome(item, None, str(error))
    except Exception as error:
        return Outcome(item, None, f"{type(error).__name__}: {error}")
