"""The configuration reference: every yaml of conf/ and experiments/, its keys, defaults and comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONF, EXPERIMENTS = ROOT / "conf", ROOT / "experiments"
_KEY = re.compile(r"^(?P<indent> *)(?P<list>- )?(?P<key>[\w.+@/-]+(?: /[\w@/]+)?):(?P<rest>(?: .*)?)$")


@dataclass(frozen=True)
class Key:
    """A key of a yaml, with the keys that it lies in; its default, and what its comments say."""

    name: str
    default: str
    comment: str


@dataclass(frozen=True)
class Choice:
    """A yaml: what its first comment says, the commands in that comment, and its keys."""

    path: Path
    title: str
    commands: tuple[str, ...]
    keys: tuple[Key, ...]


def groups() -> dict[str, list[Path]]:
    """Return the yaml files of each group: folders of conf/, its config.yaml as "", and the experiments."""
    found: dict[str, list[Path]] = {"": [CONF / "config.yaml"]}
    for path in sorted(CONF.rglob("*.yaml")):
        if path.parent != CONF:
            found.setdefault(path.parent.relative_to(CONF).as_posix(), []).append(path)
    return found | {"experiment": sorted(EXPERIMENTS.glob("*.yaml"))}


def read_choice(path: Path) -> Choice:
    """Read a yaml as text: comments stand behind a key or above it, the file's own at its top."""
    lines = path.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith("# @package")]
    first = next((n for n, line in enumerate(lines) if not line.startswith("#")), len(lines))
    said = [line.removeprefix("#").removeprefix(" ") for line in lines[:first]]
    title = " ".join(line for line in said if not line.startswith(" "))
    commands = tuple(line.strip() for line in said if line.startswith(" "))
    return Choice(path, title, commands, tuple(_keys(lines[first:])))


def _keys(lines: list[str]) -> Iterator[Key]:
    above: list[str] = []
    inside: list[tuple[int, str]] = []
    for line in lines:
        if line.lstrip().startswith("#"):
            above.append(line.strip().lstrip("# "))
            continue
        found = _KEY.match(line)
        if found and found["key"] != "_target_":
            depth = len(found["indent"]) + len(found["list"] or "")
            inside = [(at, name) for at, name in inside if at < depth]
            default, comment = _split(found["rest"].strip())
            name = ".".join([*(name for _, name in inside), found["key"]])
            inside.append((depth, found["key"]))
            yield Key(name, default, " ".join([*above, *([comment] if comment else [])]))
        above = []


def _split(rest: str) -> tuple[str, str]:
    """Split what follows a key into its value and the comment behind it."""
    if rest.startswith("#"):
        return "", rest.lstrip("# ")
    value, _, comment = rest.partition(" #")
    return value.strip(), comment.strip()


def configuration_reference() -> str:
    """Return the page: each group with its options, and each option with its keys."""
    parts = [
        "# Configuration",
        "",
        "Every key of the verbs that take `key=value`, made from the comments of the yaml files in which the "
        "defaults stand. `group=option` chooses a file, `group.key=value` sets one key of it.",
    ]
    for group, paths in groups().items():
        parts += ["", f"## {group}" if group else "## Top level"]
        for path in paths:
            choice = read_choice(path)
            name = path.stem if group in ("", "experiment") else f"{group}={path.stem}"
            parts += ["", f"### {name}", "", _text(choice.title), *_commands(choice), *_table(choice)]
    return "\n".join(parts) + "\n"


def _commands(choice: Choice) -> list[str]:
    return ["", "```text", *choice.commands, "```"] if choice.commands else []


def _table(choice: Choice) -> list[str]:
    if not choice.keys:
        return []
    rows = (f"| `{key.name}` | {_code(key.default)} | {_text(key.comment)} |" for key in choice.keys)
    return ["", "| key | default | |", "|---|---|---|", *rows]


def _code(value: str) -> str:
    return f"`{value.replace('|', '/')}`" if value else ""


def _text(comment: str) -> str:
    """Write a comment so that nothing in it is taken for markup."""
    return re.sub(r"([\\*_<>\[\]|$`])", r"\\\1", comment)
