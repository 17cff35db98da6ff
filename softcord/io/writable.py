"""Tell before a long work whether its result can be written."""

from pathlib import Path
from tempfile import TemporaryFile


def check_writable(folder: Path) -> None:
    """Write a file in a folder, or in the nearest one above it that exists; nothing is left of it.

    Raises:
        OSError: it cannot be written there, or what exists is no folder.
    """
    there = next(one for one in (folder.absolute(), *folder.absolute().parents) if one.exists())
    with TemporaryFile(dir=there):
        pass
