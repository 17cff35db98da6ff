"""What the pages show: their code blocks by what these hold, and the code in their sentences.

A block that is indented, or fenced as ``sh``, holds commands, each on a line. ``console`` shows commands
after ``$`` and what they print, ``text`` what is no code: files, tables, formulas.
"""

import json
import re
import shlex
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markdown_it import MarkdownIt

from docs.site.configuration import groups, read_choice

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("experiments/*.md")])
KINDS = ("sh", "console", "python", "yaml", "text")
PLACEHOLDER = "..."
_VARIABLE = re.compile(r"[A-Z_]+=")
_IMAGE = re.compile(r"softcord(?:\.sif)?")


@dataclass(frozen=True)
class Block:
    """A code block: the page and line where it stands, one of KINDS, and its text."""

    page: str
    line: int
    kind: str
    text: str


@cache
def blocks() -> tuple[Block, ...]:
    """All blocks of all pages."""
    return tuple(
        Block(name_of(page), token.map[0] + 1, token.info.strip() or "sh", token.content)
        for page in PAGES
        for token in MarkdownIt("commonmark").parse(page.read_text(encoding="utf-8"))
        if token.type in ("fence", "code_block") and token.map
    )


def inline_code(page: Path) -> list[str]:
    """The code in the sentences and tables of a page."""
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))
    return [one.content for token in tokens for one in token.children or () if one.type == "code_inline"]


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def commands_of(block: Block) -> list[str]:
    """The commands of a block, continued lines joined; none of a block that holds something else."""
    lines = block.text.replace("\\\n", " ").splitlines()
    if block.kind == "console":
        return [line[2:] for line in lines if line.startswith("$ ")]
    return [line.strip() for line in lines if shlex.split(line, comments=True)] if block.kind == "sh" else []


def commands_of_yamls() -> list[tuple[str, str]]:
    """The commands in the first comment of each yaml of conf/ and experiments/, with its file."""
    found = []
    for path in (path for paths in groups().values() for path in paths):
        lines = "\n".join(read_choice(path).commands).replace("\\\n", " ").splitlines()
        found += [(name_of(path), line) for line in lines if is_of_softcord(line)]
    return found


def commands_of_notebooks() -> list[tuple[str, str]]:
    """The commands of each notebook (``!softcord ...``), with its file."""
    found = []
    for path in sorted(ROOT.glob("docs/notebooks/*.ipynb")):
        cells = [one for one in json.loads(path.read_text())["cells"] if one["cell_type"] == "code"]
        lines = "\n".join("".join(one["source"]) for one in cells).replace("\\\n", " ").splitlines()
        found += [(name_of(path), line[1:]) for line in lines if line.startswith("!")]
    return found


def is_of_softcord(command: str) -> bool:
    return bool(words_of(command))


def words_of(command: str) -> list[str]:
    """Verb and arguments of a softcord command, also of one in a container; nothing of another program.

    Without comment, variables before it and what stands for any words.
    """
    words = [word for word in shlex.split(command, comments=True) if word != PLACEHOLDER]
    while words and _VARIABLE.match(words[0]):
        del words[0]
    if words[:2] in (["docker", "run"], ["apptainer", "run"]):
        image = next((n for n, word in enumerate(words) if _IMAGE.fullmatch(word)), len(words))
        return words[image + 1 :]
    if words[:1] == ["softcord"]:
        return words[1:]
    if len(words) > 2 and Path(words[0]).name == "python" and words[1] == "-m":
        package, _, verb = words[2].partition(".")
        return [verb, *words[3:]] if package == "softcord" and verb else []
    return []
