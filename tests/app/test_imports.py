"""Verbs that train nothing do not wait for torch, which takes seconds to import."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
from softcord.app.main import main
assert main(sys.argv[1:]) == 0
assert "torch" not in sys.modules
"""


@pytest.mark.parametrize("verb", ["phantom", "prepare"])
def test_a_verb_that_trains_nothing_does_not_import_torch(verb: str, tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        [sys.executable, "-c", CODE, verb, *SMALL],
        cwd=tmp_path,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


SMALL = ("phantom=tiny", "phantom.n_participants=1", "machine.jobs=1", "contrasts=2")
