"""Where a result comes from: code, versions, machine."""

import os
import platform
from functools import cache
from importlib.metadata import distributions, version
from pathlib import Path

import softcord
from softcord.processes.git import git_says

_PACKAGES = (
    "torch",
    "lightning",
    "monai",
    "hydra-core",
    "mlflow",
    "nibabel",
    "numpy",
    "scipy",
    "pandas",
    "statsmodels",
)


@cache
def provenance() -> dict[str, str]:
    """Return softcord's version, commit and dirty flag, the versions of its packages and the hardware."""
    commit = _git("rev-parse", "HEAD") or "n/a"
    return {
        "softcord": softcord.__version__,
        "code_commit": commit,
        "code_dirty": str(bool(_git("status", "--porcelain", "--untracked-files=no")))
        if commit != "n/a"
        else "n/a",
        "python": platform.python_version(),
        **{name: version(name) for name in _PACKAGES},
        "platform": platform.platform(),
        "processor": f"{_processor()} x {os.cpu_count()}",
    }


def environment_text() -> str:
    """Return the versions of all installed packages, one a line, as ``pip freeze`` writes them."""
    rows = {f"{found.metadata['Name']}=={found.version}" for found in distributions()}
    return "\n".join(sorted(rows, key=str.lower)) + "\n"


def _git(*arguments: str) -> str:
    # Only softcord's own checkout counts, not a repository that happens to hold the virtual environment.
    root = Path(softcord.__file__).parents[1]
    if not (root / ".git").exists():
        return ""
    return (git_says(root, *arguments) or "").strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "n/a"
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "n/a")
