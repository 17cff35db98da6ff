"""Programs of others: their output, time limit and end."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from softcord.errors import RunError
from softcord.processes.program import run_process


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def test_the_output_is_in_the_log_and_seen_line_by_line(tmp_path: Path) -> None:
    lines: list[str] = []
    code = "import os, sys; print(os.environ['WORD']); print('half\\rwhole', file=sys.stderr)"
    seconds = run_process(
        python(code), tmp_path / "logs/one.log", env={"WORD": "hello"}, on_line=lines.append
    )
    assert lines == ["hello", "half", "whole"]
    assert seconds > 0
    log = (tmp_path / "logs/one.log").read_text()
    assert log.startswith("$ ")
    assert log.endswith("hello\nhalf\nwhole\n")


def test_a_program_that_fails_is_named_with_its_last_words_and_log(tmp_path: Path) -> None:
    with pytest.raises(
        RunError, match=r"ended with code 3: no centreline found\. Its output is in .*one\.log"
    ):
        run_process(python("print('no centreline found\\n\\n'); raise SystemExit(3)"), tmp_path / "one.log")


def test_a_program_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    child = f"import time; open({str(tmp_path / 'child')!r}, 'w').write('1'); time.sleep(60)"
    code = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
    started = time.perf_counter()
    with pytest.raises(RunError, match="took longer than 3 s and was ended"):
        run_process(python(code), tmp_path / "one.log", timeout_s=3)
    assert time.perf_counter() - started < 20
    # The child held the pipe open, so an orphan of it would have kept the call waiting for a minute.


def test_a_program_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no-such-program: cannot be started"):
        run_process(["no-such-program"], tmp_path / "one.log")


def test_an_interrupt_ends_the_program_too(tmp_path: Path) -> None:
    pids: list[int] = []

    def interrupt(line: str) -> None:
        pids.append(int(line))
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_process(
            python("import os, time; print(os.getpid(), flush=True); time.sleep(60)"),
            tmp_path / "one.log",
            on_line=interrupt,
        )
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_sigterm_ends_the_program_at_once_also_while_it_says_nothing(tmp_path: Path) -> None:
    said = tmp_path / "pid"
    code = (
        f"import os, pathlib, time; pathlib.Path({str(said)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )

    def terminate() -> None:
        while not said.exists() or not said.read_text():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=terminate, daemon=True).start()
    with pytest.raises(KeyboardInterrupt):
        run_process(python(code), tmp_path / "one.log")
    with pytest.raises(ProcessLookupError):
        os.kill(int(said.read_text()), 0)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_what_an_earlier_process_left_running_is_not_started_twice(tmp_path: Path) -> None:
    log = tmp_path / "one.log"
    with log.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        # As run_process leaves it when it is killed: only the program holds the lock.
        left = subprocess.Popen(python("import time; time.sleep(60)"), pass_fds=(stream.fileno(),))
    try:
        with pytest.raises(RunError, match="was left running by a process that was killed"):
            run_process(python("print(1)"), log)
    finally:
        left.kill()
        left.wait()
    run_process(python("print(1)"), log)


def test_an_interrupt_within_a_destructor_or_a_callback_is_not_lost(tmp_path: Path) -> None:
    script = """
import os, signal, sys, time, weakref
from softcord.app.console.exit_codes import guarded
class Loud:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0.2)
class Plain: pass
def destructor():
    Loud()
    time.sleep(5)
def callback():
    one = Plain()
    kept = weakref.ref(one, lambda _: (os.kill(os.getpid(), signal.SIGTERM), time.sleep(0.2)))
    del one
    time.sleep(5)
sys.exit(guarded({"destructor": destructor, "callback": callback}[sys.argv[1]]))
"""
    for where in ("destructor", "callback"):
        done = subprocess.run(
            [sys.executable, "-c", script, where], capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (
            130,
            "softcord: interrupted; repeat the command to go on from here.\n",
        ), where
