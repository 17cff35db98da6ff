"""Words of hints: the nearest known name, lists that stay short, and what the system says of files."""

import errno
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

# What to do about what the system says of a file.
_OF_THE_SYSTEM = {
    errno.EACCES: "Check its permissions and those of its folder",
    errno.EPERM: "Check its permissions and those of its folder",
    errno.EROFS: "Choose another folder",
    errno.ENOSPC: "Make room on its disk, and repeat the command",
    errno.EDQUOT: "Make room in your quota, and repeat the command",
    errno.ENAMETOOLONG: "Choose a shorter name",
    errno.ENOTDIR: "One of the folders in it is a file",
    errno.EIO: "Check its disk, or the network that it is on",
    errno.ELOOP: "Name the file itself: its links lead in a circle",
}


def hint_of(error: OSError) -> str | None:
    """Return what to do about what the system says of a file; None where that is not known.

    >>> hint_of(PermissionError(13, "Permission denied")), hint_of(OSError("nothing of the system's"))
    ('Check its permissions and those of its folder', None)
    """
    return None if error.errno is None else _OF_THE_SYSTEM.get(error.errno)


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str | None:
    """Return the known name that is most like ``name``, capitals aside; None where none is like it.

    >>> nearest("diceCE", ["awing", "dicece"]), nearest("x", ["awing"])
    ('dicece', None)
    """
    by_lower = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), list(by_lower), n=1, cutoff=cutoff)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], otherwise: str | None = None, cutoff: float = 0.6) -> str:
    """Ask for the nearest known name; ``otherwise`` (by default all known names) where none is near.

    >>> did_you_mean("t2", ["T1w", "T2w"]), did_you_mean("knee", ["T1w", "T2w"])
    ('Did you mean T2w?', 'Known: T1w, T2w')
    """
    names = list(known)
    near = nearest(name, names, cutoff)
    if near is not None:
        return f"Did you mean {near}?"
    return f"Known: {', '.join(names)}" if otherwise is None else otherwise


def listed(names: Sequence[str], at_most: int = 5, separator: str = ", ") -> str:
    """List names, the first few by name and the rest by number.

    >>> listed(["a", "b", "c"]), listed(["a", "b", "c"], at_most=1)
    ('a, b, c', 'a and 2 more')
    """
    return separator.join(names[:at_most]) + and_more(len(names) - at_most)


def and_more(count: int) -> str:
    """Say how many are not listed: `` and 3 more``, or nothing where all are.

    >>> and_more(3), and_more(0)
    (' and 3 more', '')
    """
    return f" and {count} more" if count > 0 else ""


def counted(n: int, word: str, words: str = "") -> str:
    """Write a number and what it counts; ``words`` are many of it, where an s is not enough.

    >>> counted(1, "mask"), counted(0, "mask"), counted(2, "patch", "patches")
    ('1 mask', '0 masks', '2 patches')
    """
    return f"{n} {word}" if n == 1 else f"{n} {words or word + 's'}"
