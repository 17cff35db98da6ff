"""SHA-256 of files, read once and remembered by place, size and times of last change."""

import hashlib
import json
import os
from pathlib import Path

from softcord.errors import DataError

HASHES = "hashes.jsonl"


def known_hashes(cache_dir: Path) -> dict[str, str]:
    """Read the hashes that earlier runs left in a cache folder, by what `fingerprint` returns."""
    path = cache_dir / HASHES
    hashes: dict[str, str] = {}
    for line in path.read_text().splitlines() if path.exists() else []:
        try:
            identity, digest = json.loads(line)
        except ValueError:
            continue  # cut off by a crash: that file is hashed again
        hashes[identity] = digest
    return hashes


def fingerprint(path: Path | str) -> str:
    """What a file is recognised by without reading it: place, size and times of last change.

    Copies often keep the time of their source (``cp -p``, rsync); nothing but a change sets the other one.
    """
    status = os.stat(path)
    return f"{os.path.abspath(path)}|{status.st_size}|{status.st_mtime_ns}|{status.st_ctime_ns}"


def content_hash(path: Path | str, cache_dir: Path, hashes: dict[str, str]) -> str:
    """Return the SHA-256 of a file's bytes; a new one is added to ``hashes`` and to the cache folder.

    Raises:
        DataError: the file cannot be read.
    """
    try:
        identity = fingerprint(path)
        if identity in hashes:
            return hashes[identity]
        with open(path, "rb") as stream:
            hashes[identity] = hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        hint = "Copy it again, or ask for permission"
        raise DataError(path, f"cannot be read ({error.strerror})", hint) from error
    cache_dir.mkdir(parents=True, exist_ok=True)
    # One short line added in one write: processes that do so at the same time do not mix.
    with (cache_dir / HASHES).open("a") as log:
        log.write(json.dumps([identity, hashes[identity]]) + "\n")
    return hashes[identity]


def checksum(path: Path | str) -> str:
    """Return the SHA-256 of a file's bytes, empty for one that cannot be read."""
    try:
        with open(path, "rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError:
        return ""
