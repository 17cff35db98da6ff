"""The order of packages and rooms (CONTRIBUTING.md): who imports whom, with no way back."""

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = Path(__file__).parents[1] / "softcord"
# Each may import what stands before it.
PACKAGES = (
    *("plain", "remedies", "errors", "hints", "contrasts", "io", "processes", "compat"),
    *("data", "measure", "uncertainty", "draw", "gt", "phantom", "augment", "nets", "losses", "train"),
    *("synthetic", "predict", "evaluation", "ingest", "nnunet", "stats", "report"),
    *("review", "rounds", "drift", "bidsapp"),
    *("sweep", "track", "api", "app"),
)
# Each may import what stands after it.
ROOMS = ("verbs", "runs", "sweeps", "engines", "engine", "records", "inputs", "config", "models", "own")
# At the side: any room may import them, and they import each other and the library only.
AT_THE_SIDE = ("results", "console")
MAX_IMPORTS_IN_FUNCTIONS = 60


def name_of(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py")) if path.name != "__main__.py"}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in FILES.items()}


def imported(name: str) -> Iterator[str]:
    """Modules of softcord that a module imports, wherever in it, also for types only."""
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = [f"{node.module}.{alias.name}" for alias in node.names]
            yield from (one for one in inside if one in FILES)
            if node.module in FILES and not all(one in FILES for one in inside):
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in FILES)


IMPORTS = {name: set(imported(name)) - {name, "softcord"} for name in FILES}


def package(name: str) -> str:
    return name.split(".")[1] if "." in name else ""


def room(name: str) -> str:
    parts = name.split(".")
    return parts[2] if len(parts) > 2 else ""


def test_no_files_import_each_other_in_a_circle() -> None:
    above: list[str] = []
    done: set[str] = set()

    def visit(name: str) -> None:
        assert name not in above, " -> ".join([*above[above.index(name) :], name])
        if name in done:
            return
        above.append(name)
        for one in sorted(IMPORTS[name]):
            visit(one)
        above.pop()
        done.add(name)

    for name in FILES:
        visit(name)
    assert done == set(FILES)


def test_packages_import_only_those_before_them() -> None:
    for name in (one for one in FILES if package(one) in PACKAGES):
        place = PACKAGES.index(package(name))
        for one in IMPORTS[name]:
            assert PACKAGES.index(package(one)) <= place, f"{name} imports {one}"


def test_every_package_has_its_place_in_the_order() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders <= set(PACKAGES)


def test_rooms_of_the_application_import_only_those_after_them() -> None:
    for name in (one for one in FILES if room(one) in ROOMS):
        place = ROOMS.index(room(name))
        for one in IMPORTS[name]:
            if package(one) == "app" and room(one) not in AT_THE_SIDE:
                assert ROOMS.index(room(one)) >= place, f"{name} imports {one}"


def test_rooms_at_the_side_import_no_other_room() -> None:
    for name in (one for one in FILES if room(one) in AT_THE_SIDE):
        for one in IMPORTS[name]:
            assert package(one) != "app" or room(one) in AT_THE_SIDE, f"{name} imports {one}"


def imports_in_functions(name: str) -> int:
    functions = (node for node in ast.walk(TREES[name]) if isinstance(node, ast.FunctionDef))
    found = {one for function in functions for one in ast.walk(function)}
    return sum(isinstance(one, ast.Import | ast.ImportFrom) for one in found)


def test_imports_stand_at_the_top_below_the_verbs() -> None:
    counts = {name: imports_in_functions(name) for name in FILES if room(name) != "verbs"}
    assert sum(counts.values()) < MAX_IMPORTS_IN_FUNCTIONS, counts
