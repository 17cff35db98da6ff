"""Threads that wait for each other leave the cores to others, unless the user wants it otherwise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from softcord.processes.waits import OWN, SHORT, wait_shortly

ROOT = Path(__file__).parents[2]
# What libgomp itself says that it took, on Linux; it says so when it is loaded, which torch does.
SAYS = {"OMP_DISPLAY_ENV": "VERBOSE"}


def libgomp_after(code: str, **own: str) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in OWN}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | SAYS | own | {"PYTHONPATH": str(ROOT)},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="libgomp")
def test_libgomp_takes_the_short_spin_when_softcord_is_imported_before_torch() -> None:
    assert f"GOMP_SPINCOUNT = '{SHORT['GOMP_SPINCOUNT']}'" in libgomp_after("import softcord, torch")


def test_processes_started_from_here_inherit_it() -> None:
    code = "import os, subprocess, sys, softcord; sys.exit(os.environ['KMP_BLOCKTIME'] != '1')"
    libgomp_after(code)


@pytest.mark.parametrize("name", OWN)
def test_one_word_of_the_users_own_leaves_all_of_it_to_the_user(name: str) -> None:
    environment = {name: "7"}
    assert wait_shortly(environment) == {}
    assert environment == {name: "7"}


def test_an_environment_that_says_nothing_gets_the_short_spin_of_each_runtime() -> None:
    environment = {"HOME": "/here"}
    assert wait_shortly(environment) == SHORT
    assert environment == {"HOME": "/here", **SHORT}
