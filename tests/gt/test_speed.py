"""A full-size participant in the time and memory that the benchmark promises."""

import itertools
import re
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from softcord.contrasts import PAPER_SIX
from softcord.gt.dataset import build_files
from softcord.gt.settings import GtSettings
from tests.speed import assert_within

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bench_gt.py"


@pytest.mark.parametrize("alignment", ["translation", "rigid"])
def test_a_full_size_participant_takes_five_seconds_of_one_core(tmp_path: Path, alignment: str) -> None:
    participant = runpy.run_path(str(BENCHMARK))["write_participant"](tmp_path)
    settings, numbers = GtSettings(alignment=alignment), itertools.count()

    def build() -> None:
        rows = build_files(participant, tmp_path / f"derivative-{next(numbers)}", settings, PAPER_SIX)
        assert {row["status"] for row in rows} == {"built"}

    assert_within(5, build)


@pytest.mark.slow
def test_a_full_size_participant_takes_two_gigabytes() -> None:
    run = subprocess.run([sys.executable, str(BENCHMARK), "1"], capture_output=True, text=True, check=True)
    peak_gb = re.findall(r"peak memory ([\d.]+) GB", run.stdout)
    assert float(peak_gb[0]) <= 2
