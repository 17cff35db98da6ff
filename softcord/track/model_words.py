"""Which words can name a registered model; MLflow, which says whether one does, takes seconds to import."""

import re

REGISTERED = "models:/"
# Digits after @ are a run's seed.
_ALIASED = re.compile(r"[^/@]+@(?!\d+$)[^/@]+")


def can_be_registered(word: str) -> bool:
    """Whether a word is like ``models:/NAME/VERSION`` or ``NAME@ALIAS``.

    >>> [can_be_registered(word) for word in ("models:/cord/2", "cord@best", "study/soft_all@best", "mine@2")]
    [True, True, False, False]
    """
    return word.startswith(REGISTERED) or _ALIASED.fullmatch(word) is not None
