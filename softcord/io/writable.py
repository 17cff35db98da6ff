"""Tell before a long work whether its result can be written."""

from pathlib import Path
from tempfile import TemporaryFile

from softcord.errors import RunError


def check_writable(folder: Path) -> None:
    """Write a file in a folder, or in the nearest one above it that exists; nothing is left of it.

    Raises:
        OSError: it cannot be written there, or what exists is no folder.
    """
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    with TemporaryFile(dir=there):
        pass


def unwritable(where: object, error: OSError) -> RunError:
    """Return the error that says why something cannot be written, and where to look."""
    what = f"cannot be written ({error.strerror or error})"
    return RunError(where, what, "Check the folder, its permissions and the space on its disk")
