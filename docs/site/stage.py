"""Lay out the pages of the documentation for Sphinx: those of docs/, notebooks, and those made from the code.

python -m docs.site.stage build/docs-source
"""

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import softcord
from docs.site.commands import command_reference
from docs.site.configuration import configuration_reference

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
# What is not written by hand stands in the last of the four kinds.
MADE = ("commands", "configuration", "api")
_OUTSIDE = re.compile(r"\]\(\.\./([^)#\s]+)")
_LISTED = re.compile(r"^- \[[^\]]+\]\(((?:notebooks/)?[\w-]+)\.(?:md|ipynb)\)", re.MULTILINE)


def stage(folder: Path) -> None:
    """Write the source of the site; what was in the folder before is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for path in sorted(DOCS.iterdir()):
        if path.suffix == ".md" and path.name != "README.md":
            (folder / path.name).write_text(_with_files(path.read_text(encoding="utf-8"), folder))
        elif path.suffix in (".png", ".svg"):
            shutil.copy(path, folder)
    shutil.copytree(DOCS / "notebooks", folder / "notebooks", ignore=shutil.ignore_patterns(".*"))
    (folder / "index.md").write_text(_with_files(index(), folder))
    (folder / "commands.md").write_text(command_reference())
    (folder / "configuration.md").write_text(configuration_reference())
    (folder / "api.md").write_text(api_reference())


def kinds() -> dict[str, list[str]]:
    """Return the pages of each of the four kinds, as docs/README.md lists them, and those that are made."""
    text = (DOCS / "README.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", text, flags=re.MULTILINE)[1:]
    found = {section.partition("\n")[0].strip(): _LISTED.findall(section) for section in sections}
    found["Reference"] += MADE
    return found


def index() -> str:
    """Return the first page: docs/README.md, and the site's order of pages."""
    parts = [(DOCS / "README.md").read_text(encoding="utf-8").rstrip()]
    parts += [
        "- [Commands](commands.md): every verb with its flags.",
        "- [Configuration](configuration.md): every key with its default.",
        "- [Python](api.md): every public function.",
    ]
    for kind, pages in kinds().items():
        parts += ["", "```{toctree}", ":hidden:", f":caption: {kind}", "", *pages, "```"]
    return "\n".join(parts) + "\n"


def api_reference() -> str:
    """Return the page of all that `import softcord` offers, from its docstrings."""
    return "\n".join(["# Python", "", "What `import softcord` offers.", "", *_directives()]) + "\n"


def _directives() -> Iterator[str]:
    for name in softcord.__all__:
        if name == "__version__":
            continue
        kind = "class" if isinstance(getattr(softcord, name), type) else "function"
        yield from ("```{eval-rst}", f".. auto{kind}:: softcord.{name}")
        if kind == "class":
            yield "   :members:"
        yield from ("```", "")


def _with_files(text: str, folder: Path) -> str:
    """Copy the files outside docs/ that a page links to, and let it link to the copies."""

    def copied(found: re.Match[str]) -> str:
        source, target = ROOT / found[1], folder / "project" / found[1]
        target.parent.mkdir(parents=True, exist_ok=True)
        content = source.read_text(encoding="utf-8")
        is_page = source.suffix == ".md"
        target.write_text(f"---\norphan: true\n---\n\n{content}" if is_page else content)
        return f"](project/{found[1]}"

    return _OUTSIDE.sub(copied, text)


if __name__ == "__main__":
    stage(Path(sys.argv[1]))
