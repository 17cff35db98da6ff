"""Run a program that is not softcord's: its words in a log, a time limit, and nothing left running."""

import _thread
import fcntl
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from softcord.errors import RunError


def run_process(
    command: Sequence[str],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
    on_line: Callable[[str], None] | None = None,
) -> float:
    """Run a program to its end and return how many seconds that took.

    Its output is added to ``log`` line by line; ``on_line`` sees each line, too. ``env`` is added to this
    process's environment. However this call ends, also by SIGTERM, the program and
    what it started end with it.

    Raises:
        RunError: the program cannot be started, ends with another code than 0 or takes longer than
            ``timeout_s``; or one that was left behind by a process that was killed still writes to ``log``.
    """
    name, last, timed_out = Path(command[0]).name, "", threading.Event()
    with sigterm_as_interrupt(), _locked(log, name) as lock:
        started = time.perf_counter()
        with log.open("a", encoding="utf-8") as stream, _started(command, env, lock) as process:
            stream.write(f"$ {shlex.join(command)}\n")
            with _time_limit(process, timeout_s, timed_out):
                for line in process.stdout or ():
                    stream.write(line)
                    stream.flush()
                    last = line.strip() or last
                    if on_line:
                        on_line(line.rstrip("\n"))
                code = process.wait()
        seconds = time.perf_counter() - started
    if timed_out.is_set():
        raise RunError(name, f"took longer than {timeout_s:g} s and was ended", f"Its output is in {log}")
    if code:
        said = f": {last}" if last else ""
        raise RunError(name, f"ended with code {code}{said}", f"Its output is in {log}")
    return seconds


@contextmanager
def sigterm_as_interrupt() -> Iterator[None]:
    """Take SIGTERM, as batch systems and service managers send it, for Ctrl-C, unless a handler is set.

    An interrupt that arrives within a destructor or a callback, where Python prints a traceback and goes on,
    arrives once more right after it.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return
    before = sys.unraisablehook

    def hear(lost: "sys.UnraisableHookArgs") -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            before(lost)
            return
        signal.signal(signal.SIGTERM, _interrupt)
        # Not at once: it would be lost here, too. Without effect if all is done by then.
        threading.Timer(0.01, _thread.interrupt_main, (signal.SIGTERM,)).start()

    signal.signal(signal.SIGTERM, _interrupt)
    sys.unraisablehook = hear
    try:
        yield
    finally:
        sys.unraisablehook = before
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _interrupt(_number: int, _frame: object) -> None:
    # A second one, as some send it at once to the whole group, must not hit the clean-up of the first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


@contextmanager
def _locked(log: Path, name: str) -> Iterator[int]:
    """Lock the log. The program inherits the lock, so it holds for as long as the program lives."""
    log.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(log, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    except BlockingIOError:
        what = f"was left running by a process that was killed, and still writes to {log}"
        raise RunError(name, what, "Wait until it ends, or end it") from None
    finally:
        os.close(descriptor)


@contextmanager
def _started(
    words: Sequence[str], env: Mapping[str, str] | None, lock: int
) -> Iterator["subprocess.Popen[str]"]:
    try:
        process = subprocess.Popen(
            words,
            env={**os.environ, **(env or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            pass_fds=(lock,),
        )
    except OSError as error:
        what = f"cannot be started ({error.strerror})"
        raise RunError(words[0], what, "Check that it is installed") from error
    with process:
        try:
            yield process
        finally:
            _end(process)


@contextmanager
def _time_limit(
    process: "subprocess.Popen[str]", timeout_s: float | None, timed_out: threading.Event
) -> Iterator[None]:
    if timeout_s is None:
        yield
        return

    def stop() -> None:
        timed_out.set()
        _end(process)

    timer = threading.Timer(timeout_s, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _end(process: "subprocess.Popen[str]") -> None:
    """End the program and all that it started, which are the processes of its session."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


@contextmanager
def environment(values: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the processes and libraries that start now; then as they were before."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)  # Lightning may have taken one away already
            else:
                os.environ[name] = value
