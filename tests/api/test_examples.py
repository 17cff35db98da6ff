"""Every public name has an example that runs, and so do the pages of docs/ that show Python."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest

import softcord
from tests.speed import assert_within

ROOT = Path(__file__).parents[2]
NAMES = [name for name in softcord.__all__ if not name.startswith("_")]


def examples_of(name: str) -> list[doctest.DocTest]:
    """The examples of a class or function, and of a class's methods."""
    found = doctest.DocTestFinder(exclude_empty=True).find(getattr(softcord, name), name, module=False)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_has_an_example_that_gives_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    tests = examples_of(name)
    assert any(test.name == name for test in tests), f"{name} has no example"
    for test in tests:
        assert doctest.DocTestRunner().run(test).failed == 0


def test_the_page_of_docs_runs_from_top_to_bottom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    page = ROOT / "docs" / "python.md"
    result = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert result.attempted > 20
    assert result.failed == 0


def test_the_page_of_docs_names_every_public_name() -> None:
    text = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
    assert [name for name in NAMES if f"`{name}" not in text and f"softcord.{name}" not in text] == []


QUICK = """
import sys
import softcord
assert not {"numpy", "pandas", "torch", "nibabel"} & set(sys.modules)
assert softcord.read_volume and "torch" not in sys.modules
softcord.csa, softcord.compare, softcord.soft_ground_truth, softcord.phantom_participant
assert "torch" not in sys.modules
"""


def test_importing_softcord_loads_nothing_and_only_nets_load_torch() -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-c", QUICK], env=environment, check=True)
    command = [sys.executable, "-c", "import softcord"]
    assert_within(0.2, lambda: subprocess.run(command, env=environment, check=True))


def test_names_that_are_not_there_are_refused_as_python_does() -> None:
    with pytest.raises(AttributeError, match="no attribute 'measure_everything'"):
        softcord.measure_everything  # noqa: B018


def test_completion_offers_the_public_names() -> None:
    assert set(NAMES) <= set(dir(softcord))
