"""Write files and folders under a temporary name, then rename: nothing half-written is ever seen."""

import errno
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
    except BaseException as error:
        temporary.unlink(missing_ok=True)
        _name_the_target(error, temporary, path)
        raise
    finally:
        os.close(lock)


def _locked_temporary(path: Path) -> tuple[Path, int]:
    """Create a temporary file for ``path``; return it and the descriptor that locks it until it is closed.

    Its name is that of ``path``'s only temporary file, locked before it can be seen there: one without a lock
    was left by a process that was killed. While another process writes the same file, or where the file
    system knows no locks or links, it has a name of its own.
    """
    usual = path.parent / f"{_usual_name(path)}{_extension(path)}"
    with suppress(OSError):
        return usual, _linked_from_nothing(usual)
    own, lock = _named(path)
    try:
        _take(usual, lock)
        os.link(own, usual)
    except OSError:
        return own, lock
    own.unlink()
    return usual, lock


def _linked_from_nothing(usual: Path) -> int:
    """Create a file that has no name before it is locked: a kill in between leaves nothing. Linux only.

    Raises:
        OSError: the file system has no such files, or another process writes the same file.
    """
    if not hasattr(os, "O_TMPFILE"):
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))
    lock = os.open(usual.parent, os.O_TMPFILE | os.O_WRONLY, 0o666)
    try:
        _take(usual, lock)
        # Only with a folder's descriptor, which an absolute path needs not, does Python follow the link.
        os.link(f"/proc/self/fd/{lock}", usual, src_dir_fd=lock, follow_symlinks=True)
    except OSError:
        os.close(lock)
        raise
    return lock


def _named(path: Path) -> tuple[Path, int]:
    own = path.parent / f".{secrets.token_hex(6)}{_extension(path)}"
    try:
        return own, os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
    except OSError as error:
        _name_the_target(error, own, path)
        raise


def _take(usual: Path, lock: int) -> None:
    """Lock a new file and remove what a process that was killed left under the name that it will have.

    Raises:
        OSError: another process writes there, or the file system knows no locks.
    """
    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with _unlocked(usual) as is_left:
        if is_left:
            usual.unlink()


def _name_the_target(error: BaseException, temporary: Path, target: Path) -> None:
    """Let an error of the system name what was to be written, not the hidden name that nobody asked for."""
    if isinstance(error, OSError) and error.filename is not None:
        named = Path(os.fsdecode(error.filename))
        if named == temporary:
            error.filename = str(target)


@contextmanager
def _unlocked(temporary: Path) -> Iterator[bool]:
    """Lock a temporary file or folder that no process holds any more; give whether there is one.

    Raises:
        BlockingIOError: a process does.
    """
    try:
        lock = os.open(temporary, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        yield False
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Meanwhile it may have got its final name, and another one this.
        yield os.path.samestat(os.fstat(lock), temporary.stat(follow_symlinks=False))
    finally:
        os.close(lock)


@contextmanager
def replacing_folder(folder: Path | str) -> Iterator[Path]:
    """Give a temporary folder beside ``folder``; it becomes ``folder`` where the block ends well.

    One that is there is replaced as a whole. What a process that was killed left half-written goes when the
    same folder is written again, and what it had already put aside comes back first.
    """
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    place, lock = _locked_place(folder)
    try:
        yield place / "new"
        with suppress(FileNotFoundError):
            folder.rename(place / "old")
        (place / "new").rename(folder)
    except BaseException as error:
        _name_the_target(error, place / "new", folder)
        raise
    finally:
        try:
            _clear(place, folder)
        finally:
            os.close(lock)


def _locked_place(folder: Path) -> tuple[Path, int]:
    """Create a hidden folder that holds ``new`` for ``folder``; return it and the descriptor that locks it.

    Named and locked as the temporary files are (``_locked_temporary``).
    """
    usual = folder.parent / _usual_name(folder)
    with suppress(OSError):
        return usual, _claimed(usual, folder)
    own = folder.parent / f".{secrets.token_hex(6)}"
    try:
        own.mkdir()
    except OSError as error:
        _name_the_target(error, own, folder)
        raise
    (own / "new").mkdir()
    lock = os.open(own, os.O_RDONLY)
    with suppress(OSError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return own, lock


def _claimed(usual: Path, folder: Path) -> int:
    """Create and lock the hidden folder under its usual name, where the next writing finds what is left.

    Raises:
        OSError: another process writes the same folder, or the file system knows no locks.
    """
    with _unlocked(usual) as is_left:
        if is_left:
            _clear(usual, folder)
    usual.mkdir()
    lock = os.open(usual, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Before it was locked, another process may have taken it for one that was left, and removed it.
        if not os.path.samestat(os.fstat(lock), usual.stat(follow_symlinks=False)):
            raise FileNotFoundError(usual)
        (usual / "new").mkdir()
    except OSError:
        os.close(lock)
        with suppress(OSError):
            usual.rmdir()
        raise
    return lock


def _clear(place: Path, folder: Path) -> None:
    """Remove a hidden folder; what was put aside in it goes back if nothing took its place."""
    if os.path.lexists(place / "old") and not os.path.lexists(folder):
        (place / "old").rename(folder)
    shutil.rmtree(place, ignore_errors=True)


def is_same_file(a: Path, b: Path) -> bool:
    """Whether two names are of one file; those that are of none, or may not be looked at, are not."""
    try:
        return a.samefile(b)
    except OSError:
        return False


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


def _usual_name(path: Path) -> str:
    """Return the temporary name of a path, without extension, unless two write it at once."""
    return f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:12]}"


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
