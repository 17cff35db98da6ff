"""Run one function over many items in separate processes; one bad item never stops the rest."""

import ctypes
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from pickle import UnpicklingError
from types import TracebackType
from typing import Any, Generic, TypeVar

from softcord.contrasts import Contrast, add_contrasts, added_contrasts
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

    An item whose process dies is tried twice more, alone. ``function`` and the items must be picklable. With
    ``jobs=1`` everything runs in this process, in order.
    Workers are spawned, not forked: a fork of a process whose libraries run threads can hang. Each is given
    ``function`` once: what it holds, such as the checksums of all files, would cost more with every item.
    """
    if jobs <= 1 or len(items) <= 1:
        for item in items:
            yield _attempt(function, item)
        return
    waiting = deque(items)
    # Their number already fills the cores.
    with environment(dict.fromkeys(_THREADS, "1")):
        while waiting:
            begun: list[Item] = []
            yield from _until_a_death(function, waiting, begun, jobs)
            for item in begun:
                yield from _alone(function, item)


def _until_a_death(
    function: Callable[[Item], Value], waiting: deque[Item], begun: list[Item], jobs: int
) -> Iterator[Outcome[Item, Value]]:
    """Take items from ``waiting`` to worker processes until none is left or one of the processes dies.

    A death takes all workers with it: ``begun`` then holds the items that were with them, without outcome.
    """
    pending: dict[Future[Outcome[Item, Value]], Item] = {}
    with _workers(min(jobs, len(waiting)), function) as pool:
        try:
            while waiting or pending:
                while waiting and len(pending) < jobs:
                    item = waiting.popleft()
                    pending[_submit(pool, item)] = item
                for future in wait(pending, return_when=FIRST_COMPLETED).done:
                    item = pending.pop(future)
                    if isinstance(future.exception(), BrokenExecutor):
                        begun.append(item)
                    else:
                        yield future.result()
                if begun:
                    begun += pending.values()
                    return
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _alone(function: Callable[[Item], Value], item: Item) -> Iterator[Outcome[Item, Value]]:
    """Try an item whose worker died, or a neighbour's: only one that dies twice by itself is to blame.

    Twice, since a neighbour's death may have come before the item had begun at all.
    """
    for is_last in (False, True):
        with _workers(1, function) as pool:
            try:
                yield _submit(pool, item).result()
                return
            except BrokenExecutor as error:
                if is_last:
                    yield Outcome(item, None, f"the worker process died ({error})")


def _workers(n: int, function: Callable[[Item], Value]) -> ProcessPoolExecutor:
    context = multiprocessing.get_context("spawn")
    given = (os.getpid(), added_contrasts(), function)
    return ProcessPoolExecutor(n, mp_context=context, initializer=_begin, initargs=given)


# What this process, if it is a worker, does with each item that it is given.
_given: Callable[[Any], Any]


def _begin(parent: int, contrasts: tuple[Contrast, ...], function: Callable[[Any], Any]) -> None:
    global _given
    end_with_parent(parent)
    add_contrasts(contrasts)
    _given = function


def _submit(pool: ProcessPoolExecutor, item: Item) -> "Future[Outcome[Item, Value]]":
    """Give an item to a pool; to one that has broken, too."""
    try:
        return pool.submit(_attempt_given, item)
    except BrokenExecutor as error:
        broken: Future[Outcome[Item, Value]] = Future()
        broken.set_exception(error)
        return broken


def say_nothing_of_half_a_job(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    """Print an error, unless it is that a job's description ends half-way: whoever wrote it was killed."""
    if not isinstance(error, UnpicklingError | EOFError):
        sys.__excepthook__(kind, error, where)


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


def _attempt_given(item: Item) -> Outcome[Item, Any]:
    return _attempt(_given, item)


def _attempt(function: Callable[[Item], Value], item: Item) -> Outcome[Item, Value]:
    try:
        return Outcome(item, function(item), None)
    except SoftcordError as error:
        return Outcome(item, None, str(error))
    except Exception as error:
        return Outcome(item, None, f"{type(error).__name__}: {error}")
