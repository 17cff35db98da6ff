import errno
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from softcord.app.console.exit_codes import FAILED, INTERRUPTED, guarded
from softcord.app.main import VERBS, main
from softcord.io.nifti import write_volume


def interrupt() -> int:
    raise KeyboardInterrupt


def stumble() -> int:
    try:
        interrupt()
    finally:
        raise AttributeError("half made")


def test_an_interrupt_is_130_also_where_a_library_stumbles_over_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert guarded(interrupt) == guarded(stumble) == INTERRUPTED
    said = capsys.readouterr().err.splitlines()
    assert said == ["softcord: interrupted; repeat the command to go on from here."] * 2
    assert guarded(lambda: [].pop()) == FAILED


def test_an_interrupt_while_a_verb_is_loaded_is_130_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    module = ModuleType("interrupted")
    module.__getattr__ = lambda name: interrupt()  # type: ignore[method-assign]
    monkeypatch.setitem(sys.modules, "interrupted", module)
    monkeypatch.setitem(VERBS, "check", ("interrupted", ""))
    assert main(["check"]) == INTERRUPTED


RUN = "import sys; from softcord.app.main import main; sys.exit(main())"
WAITS = """
import sys, time
from softcord.app.console.exit_codes import guarded
def wait():
    print("waits", flush=True)
    time.sleep(60)
sys.exit(guarded(wait))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_batch_system_s_signal_is_an_interrupt_as_ctrl_c_is(number: signal.Signals) -> None:
    command = [sys.executable, "-c", f"import signal; signal.signal({int(signal.SIGINT)}, "]
    command[-1] += f"signal.default_int_handler)\n{WAITS}"
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "waits\n"
        process.send_signal(number)
        _, said = process.communicate(timeout=30)
    assert process.returncode == INTERRUPTED
    assert said == "softcord: interrupted; repeat the command to go on from here.\n"


@pytest.mark.parametrize("closed", ["2>&-", ">&-", "<&-", ">&- 2>&-", "<&- >&- 2>&-"])
def test_closed_streams_stop_no_command_and_are_no_file(closed: str, tmp_path: Path) -> None:
    write_volume(tmp_path / "mask.nii.gz", np.ones((5, 5, 5), dtype=np.uint8), np.eye(4))
    verb = f"{sys.executable} -c '{RUN}'"
    done = subprocess.run(f"{verb} measure -i mask.nii.gz -o csa.csv {closed}", shell=True, cwd=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "csa.csv").read_text().startswith("participant_id,")
    failed = subprocess.run(f"{verb} measure -i no.nii.gz -o csa.csv {closed}", shell=True, cwd=tmp_path)
    assert failed.returncode == 3


def test_an_unknown_error_is_one_line_whatever_it_says(capsys: pytest.CaptureFixture[str]) -> None:
    def fail(words: str) -> int:
        raise RuntimeError(words)

    for words, said in (
        ("a\nb\x1b[2J", "RuntimeError: a b\\x1b[2J."),
        ("", "RuntimeError: no more was said."),
    ):
        assert guarded(lambda words=words: fail(words)) == FAILED  # type: ignore[misc]
        where = "SOFTCORD_TRACEBACK=1 shows where it happened."
        assert capsys.readouterr().err == f"softcord: {said} {where}\n"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.EACCES, "a/b: Permission denied. Check its permissions and those of its folder."),
        (errno.ENOSPC, "a/b: No space left on device. Make room on its disk, and repeat the command."),
        (errno.ENAMETOOLONG, "a/b: File name too long. Choose a shorter name."),
    ],
)
def test_what_the_system_says_of_a_file_comes_with_what_to_do(
    code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail() -> int:
        raise OSError(code, os.strerror(code), "a/b")

    assert guarded(fail) == FAILED
    assert capsys.readouterr().err == f"softcord: {said}\n"
