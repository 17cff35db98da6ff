"""The files of a package, in a folder or one ``.zip``, and their checksums."""

import hashlib
import zipfile
import zlib
from pathlib import Path

from softcord.errors import DataError

DESCRIPTION, WEIGHTS, CARD, CHECKSUMS = "model.json", "weights.safetensors", "card.md", "sha256.txt"
CONTENT = (DESCRIPTION, WEIGHTS, CARD)
SELF_TEST = "self_test.safetensors.gz"  # not in every package
# Weights cannot be packed to a twentieth of their size; what is below is never too much.
_MOST_PACKED, _LEAST_BYTES = 20, 10_000_000


def sha256(content: bytes) -> str:
    """Return the checksum of a file's content, as ``sha256sum`` writes it."""
    return hashlib.sha256(content).hexdigest()


def verified_files(path: Path) -> dict[str, bytes]:
    """Return the files of a package after checking each against its checksum."""
    try:
        files = _read_zip(path) if path.is_file() else _read_folder(path)
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise DataError(path, f"is not a whole package: {missing} is missing", "Export it again") from error
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error, KeyError, RuntimeError) as error:
        what = f"is not a readable package ({str(error).splitlines()[0]})"
        raise DataError(path, what, "Export or download it again") from error
    pairs = [line.split() for line in files[CHECKSUMS].decode(errors="replace").splitlines()]
    expected = {pair[1]: pair[0] for pair in pairs if len(pair) == 2}
    for name in (*CONTENT, *({SELF_TEST} & (files.keys() | expected.keys()))):
        if name not in files:
            raise DataError(path, f"is not a whole package: {name} is missing", "Export it again")
        if expected.get(name) != sha256(files[name]):
            what = f"is damaged or was changed: {name} does not have the checksum that {CHECKSUMS} lists"
            raise DataError(path, what, "Export or download it again")
    return files


def _read_folder(folder: Path) -> dict[str, bytes]:
    there = [SELF_TEST] if (folder / SELF_TEST).is_file() else []
    return {name: (folder / name).read_bytes() for name in (*CONTENT, CHECKSUMS, *there)}


def _read_zip(path: Path) -> dict[str, bytes]:
    """Read the files by name, at the top or in one folder; nothing is unpacked to disk."""
    with zipfile.ZipFile(path) as archive:
        found = {name.rpartition("/")[2]: name for name in archive.namelist() if name.count("/") <= 1}
        names = (*CONTENT, CHECKSUMS, *({SELF_TEST} & found.keys()))
        unpacked = sum(archive.getinfo(found[name]).file_size for name in names)
        if unpacked > _LEAST_BYTES + _MOST_PACKED * path.stat().st_size:
            raise zipfile.BadZipFile(f"its files would take {unpacked} bytes, which no weights do")
        return {name: archive.read(found[name]) for name in names}
