"""Masks of which their prediction said that it is unsure: a number measured of one is no usual number."""

from pathlib import Path

from softcord.io.sidecar import read_sidecar

# In the sidecar of a predicted mask: ``normal``, or ``low`` where no cord could be followed.
QUALITY, LOW, NORMAL = "Quality", "low", "normal"
WORD = "unsure-mask"  # in the column findings


def is_unsure(mask: Path) -> bool:
    """Whether its sidecar says that no cord could be followed, and a mask is what looks most like one."""
    return read_sidecar(mask).get(QUALITY) == LOW
