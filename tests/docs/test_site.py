"""The site: what is made from the code leaves nothing out, and the whole builds without a warning."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.site.commands import command_reference, help_of, subcommands
from docs.site.configuration import configuration_reference, groups, read_choice
from docs.site.stage import DOCS, MADE, ROOT, kinds
from softcord.app.main import VERBS

YAMLS = [path for paths in groups().values() for path in paths]


def keys_of(content: Any) -> Iterator[str]:
    """Keys as PyYAML reads them, those inside others after a dot."""
    for key, value in (content or {}).items():
        if key not in ("_target_", "defaults", "hydra"):
            yield str(key)
            if isinstance(value, dict):
                yield from (f"{key}.{one}" for one in keys_of(value))


def test_every_yaml_has_its_heading_and_belongs_to_a_group() -> None:
    assert set(YAMLS) == {*(ROOT / "conf").rglob("*.yaml"), *(ROOT / "experiments").glob("*.yaml")}
    page = configuration_reference().splitlines()
    assert "### gt=soft" in page
    assert "### hydra/launcher=pool" in page
    assert len([line for line in page if line.startswith("### ")]) == len(YAMLS)


@pytest.mark.parametrize("path", YAMLS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_key_of_a_yaml_is_listed_with_its_default(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    written_inside = re.findall(r"^ *[\w.]+: *\{(?!\})", text, re.MULTILINE)  # {a: 1} stays one default
    expected = set(keys_of(yaml.safe_load(text)))
    if written_inside:
        expected = {key for key in expected if "." not in key}
    assert expected <= {key.name for key in read_choice(path).keys}


def test_comments_behind_a_key_and_above_it_are_its_explanation() -> None:
    by_name = {key.name: key for key in read_choice(ROOT / "conf/gt/soft.yaml").keys}
    assert by_name["reference"].default == "T2w"
    assert by_name["reference"].comment.startswith("contrast whose space")
    assert by_name["alignment"].comment.startswith("translation | rigid.")
    assert read_choice(ROOT / "conf/gt/soft.yaml").title.startswith("Soft ground truth:")
    nested = {key.name: key for key in read_choice(ROOT / "conf/config.yaml").keys}
    assert nested["compare.correction"].default == "bonferroni"


def test_every_verb_and_what_may_follow_it_has_a_heading_and_its_own_help() -> None:
    page = command_reference()
    for verb in VERBS:
        assert f"\n## softcord {verb}\n" in page
        assert f"softcord {verb}" in help_of(verb)
    assert subcommands("study") == ("status", "show", "rerun", "clean")
    assert subcommands("model") == ("list", "show", "promote", "test")
    assert "\n### softcord study clean\n" in page
    assert "--purge" in help_of("study", "clean")


def test_every_page_is_of_one_of_four_kinds() -> None:
    listed = [page for pages in kinds().values() for page in pages]
    assert list(kinds()) == ["Tutorials", "How-to", "Explanation", "Reference"]
    assert sorted(listed) == sorted(
        [
            *(path.stem for path in DOCS.glob("*.md") if path.stem != "README"),
            *(f"notebooks/{path.stem}" for path in DOCS.glob("notebooks/*.ipynb")),
            *MADE,
        ]
    )
    # Sphinx writes pages of these names itself, over ours.
    assert not {"index", "search", "genindex", "py-modindex"} & set(listed)


@pytest.mark.parametrize("path", sorted(DOCS.glob("notebooks/*.ipynb")), ids=lambda path: str(path.name))
def test_a_notebook_lies_here_without_results(path: Path) -> None:
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    assert len(cells) > 8
    assert cells[0]["source"][0].startswith("# ")
    for cell in (one for one in cells if one["cell_type"] == "code"):
        assert (cell["outputs"], cell["execution_count"]) == ([], None)


@pytest.mark.slow
@pytest.mark.skipif(
    any(find_spec(name) is None for name in ("sphinx", "furo", "myst_nb")), reason="the extra docs is absent"
)
def test_the_site_builds_without_a_warning_and_can_be_searched(tmp_path: Path) -> None:
    source, site = tmp_path / "source", tmp_path / "site"
    for command in (
        ["docs.site.stage", str(source)],
        ["sphinx", "-W", "--keep-going", "-q", "-c", "docs/site", str(source), str(site)],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert "glossary" in (site / "searchindex.js").read_text()
    assert "softcord.load_model" in (site / "api.html").read_text()
    assert "trim_mm" in (site / "configuration.html").read_text()
    for notebook in DOCS.glob("notebooks/*.ipynb"):
        shown = (site / "notebooks" / notebook.name).with_suffix(".html").read_text()
        assert shown.count('class="cell_output') >= 4, "each notebook is run, and shows what came of it"
        assert "<img" in shown
    for page in site.rglob("*.html"):
        loaded = re.findall(r"<(?:script|link|img)[^>]*(?:src|href)=\"(https?://[^\"]+)", page.read_text())
        assert loaded == [], page
