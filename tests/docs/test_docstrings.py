"""Every example in a docstring gives what it says (those of public names: tests/api)."""

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for path in (ROOT / "softcord").rglob("*.py")
    if ">>>" in path.read_text(encoding="utf-8") and "api" not in path.relative_to(ROOT).parts
)


@pytest.mark.parametrize("name", MODULES)
def test_an_example_of_a_docstring_gives_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
