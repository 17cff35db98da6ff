"""What was found in a table of measures, kept while nobody changes it: a report asks the same many times."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

import pandas as pd

Given = ParamSpec("Given")
Found = TypeVar("Found")

_UNCHANGED: ContextVar[tuple[pd.DataFrame, dict[Any, Any]] | None] = ContextVar("unchanged", default=None)


@contextmanager
def unchanged(measures: pd.DataFrame) -> Iterator[None]:
    """Promise that nobody changes ``measures`` while the body runs: each answer of it is found once."""
    before = _UNCHANGED.set((measures, {}))
    try:
        yield
    finally:
        _UNCHANGED.reset(before)


def kept(
    function: Callable[Concatenate[pd.DataFrame, Given], Found],
) -> Callable[Concatenate[pd.DataFrame, Given], Found]:
    """Let a function of measures keep what it found, as long as :func:`unchanged` holds for that table.

    Its other arguments have to be hashable, and what it returns must be left as it is.
    """

    @wraps(function)
    def found(measures: pd.DataFrame, /, *given: Given.args, **named: Given.kwargs) -> Found:
        promised = _UNCHANGED.get()
        if promised is None or promised[0] is not measures:
            return function(measures, *given, **named)
        answers, key = promised[1], (function, given, tuple(sorted(named.items())))
        if key not in answers:
            answers[key] = function(measures, *given, **named)
        answer: Found = answers[key]
        return answer

    return found
