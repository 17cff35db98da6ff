import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from softcord.data.settings import DataSettings, SplitSettings

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text()
DOCS = (Path(__file__).parents[2] / "docs" / "data.md").read_text()


@pytest.mark.parametrize(
    "key", sorted(set(re.findall(r"\b(data|split)\.([a-z_]+)=", DOCS)) - {("data", "datasets")})
)
def test_every_key_that_the_page_names_exists(key: tuple[str, str]) -> None:
    settings = {"data": DataSettings, "split": SplitSettings}[key[0]]
    assert key[1] in settings.__dataclass_fields__


@pytest.mark.slow
def test_every_command_of_the_tutorial_runs_as_printed(tmp_path: Path) -> None:
    commands = re.findall(r"^    ((?:softcord|python -m softcord)\b.*)$", TUTORIAL, flags=re.MULTILINE)
    assert len(commands) == 7
    programs = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": programs, "PYTHONPATH": str(Path(__file__).parents[2])}
    for command in commands:
        done = subprocess.run(
            command, shell=True, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    for name in re.findall(r"^  (\S+\.(?:json|tsv|nii\.gz))$", TUTORIAL, flags=re.MULTILINE):
        assert (tmp_path / "my-data" / name).is_file(), name
    for name in re.findall(r"`(outputs/\S+|my-data/\S+)`", TUTORIAL):
        assert (tmp_path / name).exists(), name
    assert (tmp_path / "outputs/check/more/check.html").exists()
