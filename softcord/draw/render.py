"""Figures as bytes, the same for the same figure."""

import io
from typing import Any

from matplotlib import rc_context
from matplotlib.figure import Figure

from softcord.compat.matplotlib import fonts_of_outlines

# Text stays text: it can be searched, edited and set in the journal's font.
_REAL_TEXT = {"svg.fonttype": "none", "svg.hashsalt": "softcord", "pdf.fonttype": 42}
# Without a date two renderings are the same file, and version control and caches see no change.
_UNDATED: dict[str, dict[str, Any]] = {
    "svg": {"Date": None}, "pdf": {"CreationDate": None}, "png": {"Software": None}
}  # fmt: skip


def figure_bytes(figure: Figure, kind: str, dpi: int = 300) -> bytes:
    """Render a figure as ``png``, ``svg`` or ``pdf``; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    quick: dict[str, Any] = {"pil_kwargs": {"compress_level": 3}} if kind == "png" else {}
    with rc_context(_REAL_TEXT), fonts_of_outlines():
        figure.savefig(buffer, format=kind, dpi=dpi, metadata=_UNDATED[kind], **quick)
    # The next format takes the layout of the first. With an engine, also one of the name "none", each format
    # would be drawn twice, once to lay it out.
    figure.set_layout_engine(None)
    return buffer.getvalue()
