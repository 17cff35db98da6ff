"""The boundary between library and application (CONTRIBUTING.md): who may import what."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "softcord"
# The one package that knows each engine.
OWNER = {"hydra": "app", "omegaconf": "app", "argparse": "app", "mlflow": "track", "optuna": "sweep"}
# The one package that may know them all: private parts, gathered.
COMPAT = "compat"
# Packages that a statistician can use without torch.
WITHOUT_TORCH = ("measure", "gt", "stats", "report", "phantom")


def imported(path: Path) -> set[str]:
    """Full names of all modules a file imports, also inside functions."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def top_level(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imported(path)}


def package(path: Path) -> str:
    parts = path.relative_to(PACKAGE).parts
    return parts[0] if len(parts) > 1 else ""


MODULES = sorted(PACKAGE.rglob("*.py"))
# Modules that only stand for a verb, so that `python -m softcord.VERB` works.
SHIMS = [
    path for path in MODULES if path.name == "__main__.py" or "from softcord.app." in path.read_text()[:200]
]
LIBRARY = [path for path in MODULES if package(path) != "app" and path not in SHIMS]


def test_shims_do_nothing_but_call_their_verb() -> None:
    for path in SHIMS:
        if package(path) != "app":
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 8, path


def test_there_are_modules_to_check() -> None:
    assert len(LIBRARY) > 20


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_library_does_not_know_the_application_or_an_engine_that_is_not_its_own(path: Path) -> None:
    foreign = {engine for engine, owner in OWNER.items() if package(path) not in (owner, COMPAT)}
    assert top_level(path).isdisjoint(foreign)
    assert not any(name.startswith("softcord.app") for name in imported(path))


@pytest.mark.parametrize("name", WITHOUT_TORCH)
def test_measures_ground_truth_and_statistics_need_no_torch(name: str) -> None:
    loaded = {root for path in (PACKAGE / name).rglob("*.py") for root in top_level(path)}
    assert loaded.isdisjoint({"torch", "lightning", "monai"})
