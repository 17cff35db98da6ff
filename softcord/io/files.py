"""Write files under a temporary name, then rename: nothing half-written is ever seen."""

import json
from pathlib import Path
from tempfile import NamedTemporaryFile


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file in one step; its folder is made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=path.suffix, delete=False) as stream:
        temporary = Path(stream.name)
    try:
        temporary.write_bytes(content)
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_text(path: Path | str, content: str) -> None:
    """Write a UTF-8 text file in one step; its folder is made."""
    write_bytes(path, content.encode())


def write_json(path: Path | str, content: object) -> None:
    """Write indented JSON in one step; what JSON does not know is written as text."""
    write_text(path, json.dumps(content, indent=2, default=str) + "\n")
