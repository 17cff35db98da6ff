"""A full-size participant in the time and memory that the benchmark promises."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARK = Path(__file__).parents[2] / "benchmarks" / "bench_gt.py"


@pytest.mark.slow
def test_a_full_size_participant_takes_five_seconds_of_one_core_and_two_gigabytes():
    run = subprocess.run([sys.executable, str(BENCHMARK), "1"], capture_output=True, text=True, check=True)
    whole = re.findall(r"all [\d.]+ \(([\d.]+)\)", run.stdout)
    peak_gb = re.findall(r"peak memory ([\d.]+) GB", run.stdout)
    assert len(whole) == 2
    # processor time, since other work on the machine would be counted in the other
    assert max(map(float, whole)) <= 5
    assert float(peak_gb[0]) <= 2
