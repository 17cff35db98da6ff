"""Vertebral levels, and slices, as SCT's users write them: ``2:3``, ``2,5``."""

import re
from collections.abc import Iterable

from softcord.errors import UsageError


def parse_levels(text: str) -> tuple[int, ...]:
    """Read levels as SCT's users write them: ``2:3`` is (2, 3), ``2,5`` is (2, 5), ``2:4,7`` is (2, 3, 4, 7).

    Raises:
        UsageError: anything else.
    """
    return parse_numbers(text, "levels")


def parse_numbers(text: str, where: str) -> tuple[int, ...]:
    """Read numbers and ranges, ascending and each once; ``where`` is what an error names."""
    numbers: set[int] = set()
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d+)(?::(\d+))?\s*", part)
        if match is None or (match[2] and int(match[2]) < int(match[1])):
            raise UsageError(where, f"cannot read {text!r}", "Write 2:3 for a range or 2,5 for a list")
        numbers.update(range(int(match[1]), int(match[2] or match[1]) + 1))
    return tuple(sorted(numbers))


def format_numbers(numbers: Iterable[int]) -> str:
    """Write numbers as SCT does: runs as ``2:4``, pieces joined by ``;``."""
    ordered = sorted(set(numbers))
    runs: list[list[int]] = []
    for n in ordered:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    return ";".join(str(run[0]) if len(run) == 1 else f"{run[0]}:{run[-1]}" for run in runs)


def format_levels(levels: Iterable[int]) -> str:
    """Write levels as the tables do: (2, 3) is ``2:3``, (3,) is ``3``."""
    return format_numbers(levels)
