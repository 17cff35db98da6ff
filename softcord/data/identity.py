"""What a dataset is, by content: the same files give the same identity, wherever they lie."""

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.data.bids import LABEL_KINDS, file_state
from softcord.data.filehash import content_hash, known_hashes
from softcord.io.pointer import pointed_digest, read_pointer
from softcord.io.sidecar import is_by_softcord, read_sidecar
from softcord.processes.git import git_says

if TYPE_CHECKING:
    import pandas as pd


def dataset_identity(root: Path | str, table: "pd.DataFrame", *, cache_dir: Path) -> str:
    """Return ``git:<commit>`` or ``sha256:<hash>`` for the images and labels of an index.

    The commit stands for the dataset if its root is a git repository that has every file of the index,
    unchanged. Otherwise the hash is over the files' names and content; of a file that is not downloaded, its
    pointer says what the content is, so downloading does not change the identity. Soft labels that
    softcord built from hard masks are left out: these and the recipe determine them, and a first run that
    builds them must not make the dataset another one. Predictions that somebody passed or corrected count.

    Args:
        root: the dataset's folder.
        table: rows of :func:`softcord.data.index.index_dataset`.
        cache_dir: folder that remembers the hashes of files, so that each is read once.
    """
    root = Path(os.path.abspath(root))
    files = _files(table)
    commit = _clean_commit(root, files)
    return f"git:{commit}" if commit else f"sha256:{_content(root, files, cache_dir)}"


def _files(table: "pd.DataFrame") -> list[str]:
    columns = ("image", *LABEL_KINDS)
    files = {column: table[column].dropna() for column in columns}
    files["soft_seg"] = files["soft_seg"][~files["soft_seg"].map(_is_built_by_softcord).astype(bool)]
    return sorted({path for column in columns for path in files[column]})


def _is_built_by_softcord(label: str) -> bool:
    sidecar = read_sidecar(label)
    return is_by_softcord(sidecar) and "Fingerprint" in sidecar  # of hard masks and recipe


def _content(root: Path, files: Iterable[str], cache_dir: Path) -> str:
    hashes = known_hashes(cache_dir)
    lines = [f"{os.path.relpath(path, root)} {content_key(path, cache_dir, hashes)}" for path in files]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def content_key(path: str, cache_dir: Path, hashes: dict[str, str]) -> str:
    """Return the SHA-256 of a file's content, by git-annex or git LFS even where it is not downloaded.

    Other backends of git-annex give their whole key, a broken file the word "broken".
    """
    if digest := pointed_digest(os.readlink(path) if os.path.islink(path) else read_pointer(path)):
        return digest
    state = file_state(path)
    return content_hash(path, cache_dir, hashes) if state == "present" else state


def _clean_commit(root: Path, files: Iterable[str]) -> str | None:
    # A dataset inside somebody's project folder is not what that project's commit describes.
    if not (root / ".git").exists():
        return None
    commit = git_says(root, "rev-parse", "HEAD")
    changes = git_says(root, "status", "--porcelain", "-z", "--untracked-files=all", "--ignored=matching")
    if commit is None or changes is None:
        return None
    changed = {entry[3:] for entry in changes.split("\0")}
    folders = tuple(entry for entry in changed if entry.endswith("/"))
    for path in files:
        relative = os.path.relpath(path, root)
        if relative.startswith("..") or relative in changed or (folders and relative.startswith(folders)):
            return None
    return commit.strip()
