"""Threads are for cores that others leave free."""

import os
import subprocess
import sys
import time

import pytest

from softcord.processes import load
from softcord.processes.load import idle_cores, threads_beside_others


def test_idle_cores_are_a_number_of_this_machines_cores() -> None:
    assert 0 <= idle_cores(0.05) <= (os.cpu_count() or 1)


@pytest.mark.skipif(sys.platform != "linux", reason="/proc/stat")
def test_busy_loops_on_every_core_leave_next_to_none_idle() -> None:
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        time.sleep(0.5)
        assert idle_cores(0.3) < 0.5 * (os.cpu_count() or 1)
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def test_where_the_system_does_not_say_it_the_load_of_the_last_minute_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(load, "_ticks", lambda: None)
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    monkeypatch.setattr(os, "getloadavg", lambda: (2.5, 9.0, 9.0))
    assert idle_cores(0.0) == 5.5


@pytest.mark.parametrize(
    ("most", "idle", "threads"), [(2, 0.0, 1), (2, 1.9, 2), (3, 0.0, 2), (64, 14.0, 32), (64, 50.2, 50)]
)
def test_a_run_leaves_others_their_cores_but_takes_half(most: int, idle: float, threads: int) -> None:
    assert threads_beside_others(most, idle) == threads
