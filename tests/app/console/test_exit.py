import sys
from types import ModuleType

import pytest

from softcord.app.console.exit_codes import FAILED, INTERRUPTED, guarded
from softcord.app.main import VERBS, main


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
