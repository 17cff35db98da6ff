"""Verbs do not wait for libraries that they do not use, which take seconds to import."""

import ast
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


ROOT = Path(__file__).parents[2]
PREDICT = ("app.verbs.predict", "app.models.find", "app.models.ready", "predict.files", "predict.write")


def loaded_with(modules: tuple[str, ...]) -> set[str]:
    """Return what modules of softcord import, outside functions, and what those import in turn."""
    seen: set[str] = set()
    waiting = [f"softcord.{module}" for module in modules]
    while waiting:
        name = waiting.pop()
        path = ROOT / f"{name.replace('.', '/')}.py"
        if name in seen or not path.exists():
            seen.add(name)
            continue
        seen.add(name)
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                waiting += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return seen


def test_predicting_with_the_built_in_model_waits_for_torch_but_no_store_trainer_or_table() -> None:
    packages = {name.split(".")[0] for name in loaded_with(PREDICT)}
    assert "torch" in packages
    assert not packages & {"mlflow", "lightning", "monai", "hydra", "pandas", "matplotlib"}


RESAMPLE = """
import hashlib
import softcord.app
import numpy as np
from softcord.data.resample import from_grid, to_grid
from softcord.io.nifti import Volume
mask = np.random.default_rng(1).random((60, 70, 80), dtype=np.float32)
on_grid, grid = to_grid(Volume(mask, np.diag([0.8, 0.7, 1.3, 1])))
print(hashlib.sha256(from_grid(on_grid, grid).tobytes()).hexdigest())
"""


def test_a_resampled_mask_is_bit_for_bit_the_same_in_however_many_threads_a_launcher_lets_it_compute() -> (
    None
):
    root = str(Path(__file__).parents[2])
    made = [
        subprocess.run(
            [sys.executable, "-c", RESAMPLE],
            env=os.environ
            | {"PYTHONPATH": root, "OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for threads in ("1", "2")
    ]
    assert made[0] == made[1] != ""
