"""What is killed again and again ends as what was left alone (kill_study.py and kill_verbs.py kill)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.exhaustive
def test_a_study_killed_again_and_again_ends_like_an_undisturbed_one(tmp_path: Path) -> None:
    script = Path(__file__).with_name("kill_study.py")
    done = subprocess.run(
        [sys.executable, str(script), str(tmp_path / "kill"), "1", "20"],
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout.splitlines()[-1])
    assert report["undisturbed_code"] == 0
    assert report["kills"] >= 15  # the rest came when the command had just ended
    assert report["final_codes"] == [0, 0]
    assert (report["runs"], report["differing"]) == (6, [])
    assert report["same_measures"]
    assert report["same_comparisons"]
    assert report["states"] == ["complete"] * 6
    assert report["unreadable"] == []
    assert report["orphans"] == []
    # One entry in the store for each run: none doubled, none lost.
    assert len({name for name, _ in report["store"]}) == len(report["store"]) == 6
    assert {state for _, state in report["store"]} == {"complete"}


FEW = {"predict": 4, "prepare": 3, "sequential": 3, "pool": 3, "compare": 2, "search": 1}
MANY = {"predict": 26, "prepare": 12, "sequential": 12, "pool": 12, "compare": 8, "search": 10}


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(FEW, id="a few kills", marks=pytest.mark.slow),
        pytest.param(MANY, id="many kills", marks=pytest.mark.exhaustive),
    ],
)
def test_every_verb_that_is_killed_and_repeated_ends_like_an_undisturbed_one(
    kills: dict[str, int], tmp_path: Path
) -> None:
    asked = [f"{name}={n}" for name, n in kills.items()]
    done = subprocess.run(
        [sys.executable, "-m", "tests.app.sweeps.kill_verbs", str(tmp_path / "kill"), "1", *asked],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    reports = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    assert {report["case"]: report["kills"] for report in reports} == kills
    assert {report["case"]: report["hits"] for report in reports} == kills
    for report in reports:
        assert report["codes"] == [0, 0], report
        assert report["results"], report
        for fault in ("odd_codes", "differing", "doubled", "half_written", "orphans", "stumbled"):
            assert report[fault] == [], report
