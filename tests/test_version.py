"""One version, wherever it is told."""

import re
import tomllib
from pathlib import Path

import yaml

import softcord

ROOT = Path(__file__).parents[1]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_the_citation_names_the_version_and_the_package_takes_it_from_the_code() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert project["tool"]["hatch"]["version"]["path"] == "softcord/__init__.py"
    assert "version" not in project["project"]
    assert CITATION["version"] == softcord.__version__


def test_the_day_of_release_is_that_of_the_changelog_or_not_told_yet() -> None:
    days = dict(re.findall(r"^## \[(\d[^]]*)\] - (\d{4}-\d\d-\d\d)$", CHANGELOG, re.MULTILINE))
    day = CITATION.get("date-released")
    assert (str(day) if day else None) == days.get(softcord.__version__)
