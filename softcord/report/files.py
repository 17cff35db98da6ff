"""Write files under a temporary name, then rename: no half-written result is ever seen."""

import io
import os
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from matplotlib.figure import Figure


def write_bytes(path: Path | str, content: bytes) -> None:
    """Write a file in one step; its folder is made."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=".", suffix=path.suffix, delete=False) as stream:
        stream.write(content)
    Path(stream.name).chmod(0o644)
    os.replace(stream.name, path)


def write_text(path: Path | str, content: str) -> None:
    """Write a UTF-8 text file in one step; its folder is made."""
    write_bytes(path, content.encode())


def figure_bytes(figure: Figure, kind: str, dpi: int = 300) -> bytes:
    """Render a figure as ``png`` or ``svg``; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    # Without a date two renderings are the same file, and version control and caches see no change.
    metadata = {"Date": None} if kind == "svg" else {"Software": None}
    quick: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if kind == "png" else {}
    figure.savefig(buffer, format=kind, dpi=dpi, metadata=metadata, **quick)
    # The second format takes the layout of the first.
    figure.set_layout_engine("none")
    return buffer.getvalue()
