"""Single values of a configuration, each checked and named where it is wrong."""

import re
from typing import Any

from softcord.contrasts import contrast_set
from softcord.errors import UsageError
from softcord.measure.level_text import parse_levels

# Names of folders and files are made of names, and no file system takes more than 255 bytes for one.
_NAME_CHARACTERS = 120


def study_name(value: Any) -> str:
    """Return the name of a study, which is a folder's too.

    Raises:
        UsageError: it cannot name a folder.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", str(value)):
        raise UsageError(
            "study", f"{value!r} cannot name a folder", "Use letters, digits, dot, dash, underscore"
        )
    if len(str(value)) > _NAME_CHARACTERS:
        what = f"has {len(str(value))} characters, at most {_NAME_CHARACTERS} name a folder"
        raise UsageError("study", what, "Shorten it")
    return str(value)


def variant_word(value: Any) -> str:
    """Return the user's word in a method's name, "" for none.

    Raises:
        UsageError: it cannot be part of a name.
    """
    if value is not None and not re.fullmatch(r"[A-Za-z0-9.-]+", str(value)):
        raise UsageError("variant", f"{value!r} cannot be part of a name", "Use letters, digits, dot, dash")
    if value is not None and len(str(value)) > _NAME_CHARACTERS:
        what = f"has {len(str(value))} characters, at most {_NAME_CHARACTERS} are possible"
        raise UsageError("variant", what, "Shorten it")
    return "" if value is None else str(value)


def whole_number(value: Any, key: str) -> int:
    """Return a whole number of at least 0.

    Raises:
        UsageError: it is something else.
    """
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise UsageError(key, f"must be a whole number of at least 0, got {value!r}", "For example 1")
    return value


def true_or_false(value: Any, key: str) -> bool:
    """Return a value that is true or false.

    Raises:
        UsageError: it is something else, such as the word yes.
    """
    if not isinstance(value, bool):
        raise UsageError(key, f"must be true or false, got {value!r}")
    return value


def one_of(value: Any, key: str, options: tuple[str, ...]) -> Any:
    """Return a value that is one of ``options``.

    Raises:
        UsageError: it is none of them.
    """
    if value not in options:
        raise UsageError(key, f"must be one of {', '.join(options)}, got {value!r}")
    return value


def tested_set(value: Any) -> tuple[str, ...] | None:
    """Return the contrasts that are tested, None for all that are there.

    Raises:
        UsageError: a name that is not known.
    """
    try:
        return None if value is None else contrast_set(value)
    except UsageError as error:
        raise UsageError("tested_contrasts", error.what, error.hint) from error


def levels(value: Any) -> tuple[int, ...]:
    """Return the vertebral levels that a text such as ``2:3`` names.

    Raises:
        UsageError: it names none.
    """
    return tuple(parse_levels(str(value)))
