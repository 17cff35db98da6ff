"""How long softcord takes from its start until it can predict."""

import subprocess
import sys
import time
from pathlib import Path

from softcord.sweep.folder import MODEL, MODELS

_CODE = "import sys; from softcord.app.engines.start_time import load; load(sys.argv[1])"


def start_s(run_dir: Path) -> float:
    """Return the seconds that a new Python takes to import all and load the run's model."""
    package = one_package(run_dir)
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", _CODE, str(package)], check=True)
    return time.perf_counter() - started


def one_package(run_dir: Path) -> Path:
    """Return the run's package, or one of those it has for each contrast; never that of a round before."""
    own = run_dir / MODEL
    return own if own.is_dir() else next(iter(sorted(run_dir.glob(f"{MODELS}/*/{MODEL}"))))


def load(package: str) -> None:
    """Do what has to be done before the first image."""
    import softcord.predict.volume  # noqa: F401
    from softcord.app.models.nets import read_own_package

    read_own_package(Path(package))
