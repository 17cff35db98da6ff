"""No override, however odd, is more than one line, and none runs anything."""

import json
import random
from pathlib import Path

import numpy as np
import pytest

from softcord.app.config.compose import compose, flat
from softcord.app.verbs.check import main as check
from softcord.io.nifti import write_volume
from tests.hostile.harness import ODD, Watch, each

BASE = compose("data=bids", "data.root=bids")
# Where things lie, and how many processes there are, is for whoever types the command to say.
KEYS = sorted(
    key
    for key, _ in flat(BASE.config)
    if not key.startswith(("paths.", "data.root", "data.derivatives", "machine.jobs", "check.depth"))
)
GROUPS = sorted(set(BASE.choices) - {"data"})
_SWEEPS = (
    "range(1,3)",
    "choice(a,b)",
    "glob(*)",
    "interval(0,1)",
    "shuffle(1,2)",
    "1,2",
    "tag(a,1)",
    "sort(2,1)",
)


def draw(source: random.Random) -> str:
    """One to three overrides, one a line."""
    return "\n".join(_override(source) for _ in range(source.randrange(1, 4)))


def _override(source: random.Random) -> str:
    value = source.choice(ODD)
    written = value if isinstance(value, str) else json.dumps(value).replace('"', "")
    if source.random() < 0.1:
        written = source.choice(_SWEEPS)
    kind = source.random()
    if kind < 0.12:
        return f"{source.choice(GROUPS)}={written}"
    key = source.choice(KEYS)
    if kind < 0.2:
        return f"{key}.{source.choice(['_target_', 'x', '0', '_partial_'])}={written}"
    if kind < 0.25:
        return source.choice(
            [f"~{key}", f"+{key}x={written}", f"++{key}={written}", key, written, f"={written}"]
        )
    if kind < 0.3:
        return f"hydra.{source.choice(['callbacks.x._target_', 'job.name', 'run.dir', 'x'])}={written}"
    return f"{key}={written}"


def test_check_refuses_or_checks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    watch = Watch.beside_somebodys_files(tmp_path, capsys)
    mask = np.zeros((6, 6, 4), np.float32)
    for who in ("sub-01", "sub-02", "sub-03"):
        write_volume(Path(f"bids/{who}/anat/{who}_T2w.nii.gz"), mask, np.eye(4))

    def attempt(text: str) -> None:
        words = ["data=bids", "data.root=bids", "contrasts=[T2w]", "check.depth=names", "machine.jobs=1"]
        watch.run(check, [*words, *text.split("\n")], codes=(0, 2, 3))

    each("overrides", draw, 60, attempt)
