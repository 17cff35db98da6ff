"""Figures as bytes, the same for the same figure."""

import io
from typing import Any

from matplotlib.figure import Figure


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
