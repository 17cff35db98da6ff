"""Write files and folders under a temporary name, then rename: nothing half-written is ever seen."""

import fcntl
import hashlib
import json
import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def replacing(path: Path | str, *, durable: bool = False) -> Iterator[Path]:
    """Give a temporary name beside ``path`` to write to; it becomes ``path`` where the block ends well.

    The folder is made. The file has the mode of the one it replaces, a new one what the umask leaves. A link
    is replaced, and what it points to stays as it is. With ``durable`` it is on the disk before it has its
    name, whatever becomes of the machine. What a process that was killed left half-written goes when the same
    file is written again.

    >>> from softcord.io.files import replacing
    >>> with replacing("table.csv") as temporary:
    ...     _ = temporary.write_text("a,b")
    >>> open("table.csv").read()
    'a,b'
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary, lock = _locked_temporary(path)
    try:
        yield temporary
        mode = _mode(path)
        if mode is not None:
            temporary.chmod(mode)
        if durable:
            with temporary.open("rb") as stream:
                os.fsync(stream.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    finally:
        os.close(lock)


def _locked_temporary(path: Path) -> tuple[Path, int]:
    """Create a temporary file for ``path``; return it and the descriptor that locks it until it is closed.

    Its name is that of ``path``'s only temporary file, locked before it can be seen there: one without a lock
    was left by a process that was killed. While another process writes the same file, or where the file
    system knows no locks or links, it has a name of its own.
    """
    extension = _extension(path)
    own = path.parent / f".{secrets.token_hex(6)}{extension}"
    lock = os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    usual = path.parent / f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}{extension}"
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        _remove_unlocked(usual)
        os.link(own, usual)
    except OSError:
        return own, lock
    own.unlink()
    return usual, lock


def _remove_unlocked(temporary: Path) -> None:
    """Remove a temporary file that no process holds any more.

    Raises:
        BlockingIOError: one does.
    """
    try:
        lock = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Meanwhile it may have got its final name, and another one this.
        if os.path.samestat(os.fstat(lock), temporary.stat(follow_symlinks=False)):
            temporary.unlink()
    finally:
        os.close(lock)


@contextmanager
def replacing_folder(folder: Path | str) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``; it becomes ``folder`` where the block ends well.

    One that is there is replaced as a whole.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    temporary, old = (folder.parent / f".{secrets.token_hex(6)}" for _ in range(2))
    temporary.mkdir()
    try:
        yield temporary
        with suppress(FileNotFoundError):
            folder.rename(old)
        temporary.rename(folder)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        if old.exists() and not folder.exists():
            old.rename(folder)
        raise
    if old.is_symlink() or old.is_file():
        old.unlink()
    else:
        shutil.rmtree(old, ignore_errors=True)


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file in one step; its folder is made."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path | str, content: str) -> None:
    """Write a UTF-8 text file in one step; its folder is made."""
    write_bytes(path, content.encode())


def write_json(path: Path | str, content: object) -> None:
    """Write indented JSON in one step; what JSON does not know is written as text."""
    write_text(path, json.dumps(content, indent=2, default=str) + "\n")


def _extension(path: Path) -> str:
    """Return the extension, by which writers know the format: ``.nii.gz`` is one."""
    return ".nii.gz" if path.name.endswith(".nii.gz") else path.suffix


def _mode(path: Path) -> int | None:
    """Return the mode of a file that is there; None of a link, which is replaced by a file of its own."""
    try:
        status = path.lstat()
    except FileNotFoundError:
        return None
    return stat.S_IMODE(status.st_mode) if stat.S_ISREG(status.st_mode) else None
