"""Files whose content git keeps elsewhere until it is asked for: those of git-annex and of git LFS."""

import os
import re
from pathlib import Path

from softcord.remedies import Remedy

# A pointer is a few lines of about a hundred characters; no gzipped image is that small.
_MAX_BYTES = 1024
_LFS = "version https://git-lfs"
_ANNEX_KEY = re.compile(r"(?P<backend>[A-Z0-9_]+)-[^/]*?--(?P<digest>[^/.\s]+)[^/\s]*\s*$")
_SIZE = re.compile(r"-s(\d+)-[^/]*$|^size (\d+)$", re.MULTILINE)


def read_pointer(path: Path | str) -> str:
    """Return what stands in a file's place before its download, a text or where a link leads; else "".

    No error: "" is also returned for a file that does not exist or may not be read.
    """
    try:
        if not 0 < os.stat(path).st_size <= _MAX_BYTES:
            return ""
        with open(path, encoding="utf-8", errors="replace") as stream:
            text = stream.read()
    except OSError:
        text = os.readlink(path) if os.path.islink(path) else ""
    return text if "annex/objects/" in text or text.startswith(_LFS) else ""


def is_lfs(pointer: str) -> bool:
    """Whether a pointer is one of git LFS."""
    return pointer.startswith(_LFS)


def way_to_download(pointer: str) -> str:
    """Say how to get what a pointer stands for."""
    if is_lfs(pointer):
        return "Download it with `git lfs pull`"
    return Remedy.DOWNLOAD


def pointed_digest(pointer: str) -> str:
    """Return the SHA-256 of the content that a pointer or git-annex link stands for, "" if it says none.

    Other backends of git-annex give their whole key.
    """
    if is_lfs(pointer):
        return pointer.partition("oid sha256:")[2].partition("\n")[0]
    key = _ANNEX_KEY.search(pointer)
    if key is None:
        return ""
    return key["digest"] if key["backend"].startswith("SHA256") else key[0].strip()


def pointed_bytes(pointer: str) -> int:
    """Return the size of the content that a pointer stands for, 0 if it does not say."""
    found = _SIZE.search(pointer.strip())
    return int(found[1] or found[2]) if found else 0
