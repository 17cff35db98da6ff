"""Find the nnU-Net that is installed on this machine."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from softcord.errors import UsageError
from softcord.remedies import Remedy

VENV = Path(".venv-nnunet")
_COMMAND = "nnUNetv2_plan_and_preprocess"


@dataclass(frozen=True)
class Install:
    """The folder of nnU-Net's commands, and the Python that has its packages."""

    folder: Path
    python: Path

    def command(self, name: str) -> Path:
        """Return the path of a command, such as ``nnUNetv2_plan_and_preprocess``."""
        return self.folder / name


def find_nnunet(folder: Path | None = None) -> Install:
    """Find nnU-Net's commands in ``folder``; if None, in ``.venv-nnunet`` here, then on the PATH.

    Raises:
        UsageError: it is not there.
    """
    here = VENV / "bin"
    places = [folder] if folder else [here, *map(Path, os.get_exec_path())]
    for place in places:
        if shutil.which(_COMMAND, path=str(place)):
            return Install(place.absolute(), _python_of(place))
    where = folder or f"{here} or on the PATH"
    raise UsageError(
        "nnU-Net",
        f"not found in {where}",
        Remedy.INSTALL_NNUNET,
    )


def _python_of(folder: Path) -> Path:
    """Return the interpreter of the commands in a folder: the one beside them, else their first line's."""
    beside = folder.absolute() / "python"
    if beside.exists():
        return beside
    first = (folder / _COMMAND).read_bytes().splitlines()[0].decode(errors="replace")
    named = Path(first.removeprefix("#!").strip())
    if named.is_file():
        return named
    raise UsageError("nnU-Net", f"the Python of {folder / _COMMAND} is unknown", Remedy.NAME_NNUNET)


def nnunet_versions(install: Install) -> dict[str, str]:
    """Return the versions of nnU-Net and of the torch it runs on."""
    code = "from importlib.metadata import version as v; print(v('nnunetv2'), v('torch'))"
    done = subprocess.run([install.python, "-c", code], capture_output=True, text=True, check=False)
    words = done.stdout.split() if done.returncode == 0 else []
    return dict(zip(("nnunetv2", "nnunet_torch"), words or ("n/a", "n/a"), strict=True))
