"""Of Matplotlib's PDFs: which tables of a font they embed."""

from collections.abc import Iterator
from contextlib import contextmanager

from fontTools.subset import Options

# How letters are set beside each other: in a PDF each has its place already.
_TYPESETTING = ("GSUB", "GPOS", "GDEF", "kern", "MATH")


@contextmanager
def fonts_of_outlines() -> Iterator[None]:
    """Let PDFs that are written in the body embed outlines only: to cut the rest takes most of their time."""
    before = Options._drop_tables_default
    Options._drop_tables_default = [*before, *_TYPESETTING]
    try:
        yield
    finally:
        Options._drop_tables_default = before
