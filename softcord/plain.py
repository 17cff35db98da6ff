"""Names and words of files, which anybody may have chosen, as text that does nothing where it is shown."""

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

# Control characters (they move a terminal's cursor or recolour it), line ends, what turns the direction of
# writing round, and the bytes of names that are no UTF-8, as Python keeps them.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# A spreadsheet takes a cell for a formula that begins with one of these.
_FORMULA = ("=", "+", "-", "@")


def plain(text: str) -> str:
    r"""Return a text whose control characters are spelt out.

    >>> plain("sub-01\x1b[2J")
    'sub-01\\x1b[2J'
    """
    return _UNPRINTABLE.sub(_spelt, text)


def plain_cell(text: str) -> str:
    """Return a text as a table's cell that no spreadsheet takes for a formula; numbers stay what they are.

    >>> plain_cell("=HYPERLINK(1)"), plain_cell("-0.5"), plain_cell("soft_all")
    ("'=HYPERLINK(1)", '-0.5', 'soft_all')
    """
    text = plain(text)
    return f"'{text}" if text.startswith(_FORMULA) and len(text) > 1 and not _is_number(text) else text


def plain_table(table: "pd.DataFrame") -> "pd.DataFrame":
    """Return a table whose texts, headings too, are plain cells."""
    words = table.select_dtypes(exclude=["number", "bool", "datetime"])
    columns = {name: _plain_column(words[name]) for name in words.columns}
    return table.assign(**columns).rename(columns=_plain_value)


def _plain_column(column: "pd.Series[Any]") -> "pd.Series[Any]":
    """Each word once: a table of a million rows has some hundred."""
    words = {word: plain_cell(word) for word in column.unique() if isinstance(word, str)}
    if all(word == text for word, text in words.items()):
        return column
    return column.map(lambda value: words[value] if isinstance(value, str) else value)


def _plain_value(value: object) -> object:
    return plain_cell(value) if isinstance(value, str) else value


def _spelt(found: re.Match[str]) -> str:
    code = ord(found[0])
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
