"""What the official BIDS validator says of a dataset."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest


def validator_errors(root: Path) -> list[str]:
    """The validator's errors; the test is skipped where it is not installed."""
    command = shutil.which("bids-validator-deno", path=str(Path(sys.executable).parent))
    if command is None:
        pytest.skip("bids-validator-deno is not installed")
    done = subprocess.run(
        [command, "--format", "json", str(root)], capture_output=True, text=True, timeout=120
    )
    issues = json.loads(done.stdout)["issues"]["issues"]
    return [f"{one['code']} {one.get('location', '')}" for one in issues if one["severity"] == "error"]
