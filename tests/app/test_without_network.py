"""The headline command needs no network: it runs where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.alone import ALONE, may_be_alone
from tests.quick import HEADLINE


@pytest.mark.slow
@pytest.mark.skipif(not may_be_alone(), reason="network namespaces are not allowed here")
def test_the_headline_study_runs_to_its_report_without_a_network(tmp_path: Path) -> None:
    online = "import socket; socket.create_connection(('192.0.2.1', 9), 1)"
    refused = subprocess.run(
        [*ALONE, sys.executable, "-c", online], capture_output=True, text=True, check=False
    )
    assert "Network is unreachable" in refused.stderr
    for verb, words in (("train", HEADLINE), ("compare", ("machine.threads=1",))):
        done = subprocess.run(
            [*ALONE, sys.executable, "-m", f"softcord.{verb}", *words, "study=alone"],
            cwd=tmp_path,
            env={name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
    assert len(list(tmp_path.glob("outputs/alone/*/measures.csv"))) == 4
    assert pd.read_csv(tmp_path / "outputs/alone/comparisons.csv")["metric"].notna().any()
    assert (tmp_path / "outputs/alone/report.html").exists()
