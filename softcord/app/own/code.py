"""Classes of one's own: which ones the project's own conf/ names, where they lie, and what they hold."""

import ast
import hashlib
import importlib
import importlib.util
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from softcord.app.own.folders import own_confs
from softcord.errors import UsageError

TARGET = "_target_"


def own_targets() -> dict[str, Path]:
    """Return the classes that files of one's own conf/ name, each with the folder that holds that conf/.

    Only these exact names are trusted with it: a configuration from elsewhere names no other class of theirs.
    """
    found: dict[str, Path] = {}
    for conf in own_confs():
        for path in sorted(conf.glob("*/*.yaml")):
            for target in _targets(_read(path)):
                if not target.startswith(("softcord.", "hydra")):
                    found.setdefault(target, conf.parent)
    return found


def own_nets() -> tuple[str, ...]:
    """Return the modules of the classes that one's own conf/model names; they can be imported afterwards."""
    targets = own_targets()
    named = {
        target
        for conf in own_confs()
        for path in sorted((conf / "model").glob("*.yaml"))
        for target in _targets(_read(path))
    }
    for target in named & set(targets):
        open_folder(target)
    return tuple(sorted({target.rpartition(".")[0] for target in named & set(targets)}))


def open_folder(target: str) -> None:
    """Let Python find the module of one of one's own classes beside the conf/ that names it.

    That folder comes last in Python's search path, so that no file in it takes the place of a module that
    others import.

    Raises:
        UsageError: a module of that name is installed, so that the file beside conf/ would never be read.
    """
    folder = own_targets()[target]
    top = target.partition(".")[0]
    source = _source(folder, top)
    if source is None:
        return  # an installed package
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
        importlib.invalidate_caches()
    known = sys.modules.get(top)
    spec = known.__spec__ if known is not None else importlib.util.find_spec(top)
    origin = Path(spec.origin).resolve() if spec is not None and spec.origin else None
    if origin is None or not origin.is_relative_to(folder.resolve()):
        raise UsageError(
            source, f"has the name of another Python module, {top}", "Give the file another name"
        )


def checksums(node: Mapping[str, Any]) -> dict[str, str]:
    """Return the SHA-256 of the code of every class of others that a configuration names, by module.

    A module's code is its file or, of a package, all files in it, and the modules beside it that it imports.
    Nothing is imported.
    """
    own = own_targets()
    sums: dict[str, str] = {}
    for target in _targets(node):
        if target.startswith(("softcord.", "hydra", "monai.")):  # versions say what those are
            continue
        top = target.partition(".")[0]
        folder = own.get(target) or _installed_in(top)
        if folder is not None:
            sums |= _closure(folder if _source(folder, top) else _installed_in(top), top)
    return dict(sorted(sums.items()))


def _installed_in(top: str) -> Path | None:
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin in (None, "built-in", "frozen"):
        return None
    path = Path(str(spec.origin))
    return path.parent.parent if path.name == "__init__.py" else path.parent


def _closure(folder: Path | None, top: str) -> dict[str, str]:
    """Return the checksums of a module in a folder and of those beside it that it imports."""
    sums: dict[str, str] = {}
    waiting = [top]
    while waiting and folder is not None:
        name = waiting.pop()
        source = _source(folder, name)
        if name in sums or source is None:
            continue
        files = [source] if source.is_file() else sorted(source.rglob("*.py"))
        texts = [path.read_bytes() for path in files]
        names = [path.relative_to(folder).as_posix() for path in files]
        content = b"".join(
            f"{one} {hashlib.sha256(text).hexdigest()}\n".encode()
            for one, text in zip(names, texts, strict=True)
        )
        sums[name] = hashlib.sha256(content).hexdigest()
        waiting += [other for text in texts for other in _imported(text)]
    return sums


def _imported(text: bytes) -> Iterator[str]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return  # importing it will say so
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


def _source(folder: Path, top: str) -> Path | None:
    """Return the file or package folder of a module in a folder, None where it is not there."""
    if (folder / top / "__init__.py").is_file():
        return folder / top
    return folder / f"{top}.py" if (folder / f"{top}.py").is_file() else None


def _targets(node: Any) -> Iterator[str]:
    if isinstance(node, Mapping):
        if isinstance(node.get(TARGET), str):
            yield node[TARGET]
        for value in node.values():
            yield from _targets(value)
    elif isinstance(node, list | tuple):
        for value in node:
            yield from _targets(value)


def _read(path: Path) -> Any:
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        what = f"is no YAML ({' '.join(str(error).split())[:120]})"
        raise UsageError(path, what, "Mend it, or take it out of the folder") from error
