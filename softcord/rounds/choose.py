"""Which masks to correct next: those a reviewer named, then the least sure, over contrasts and sites."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Candidate:
    """A mask that may be corrected: its image's name, contrast and site, and its quality score."""

    name: str
    contrast: str
    site: str
    score: float


def choose(
    candidates: Sequence[Candidate], count: int, ratings: Mapping[str, str], done: Collection[str]
) -> list[Candidate]:
    """Return at most ``count`` masks to correct next.

    Masks rated ``correct`` come first, then unrated ones; all other ratings need none, and those in ``done``
    have been corrected. Within each, again and again the contrast and site that have had the fewest are
    served with their least sure mask.

    >>> a, b = Candidate("a", "T1w", "", 0.1), Candidate("b", "T1w", "", 0.2)
    >>> c = Candidate("c", "T2w", "", 0.8)
    >>> [one.name for one in choose([a, b, c], 2, {}, ())]
    ['a', 'c']
    >>> [one.name for one in choose([a, b, c], 2, {"b": "correct", "c": "pass"}, ())]
    ['b', 'a']
    """
    chosen: list[Candidate] = []
    for wanted in ("correct", ""):
        left = [one for one in candidates if ratings.get(one.name, "") == wanted and one.name not in done]
        while left and len(chosen) < count:
            contrasts, sites = (Counter(getattr(one, by) for one in chosen) for by in ("contrast", "site"))
            best = min(left, key=lambda one: (contrasts[one.contrast], sites[one.site], one.score, one.name))
            left.remove(best)
            chosen.append(best)
    return chosen


def choose_by_chance(candidates: Sequence[Candidate], count: int, seed: Sequence[int]) -> list[Candidate]:
    """Return at most ``count`` masks drawn by a seed: what any rule of choosing has to be better than.

    >>> all_alike = [Candidate(name, "T1w", "", 0.5) for name in "abc"]
    >>> len({one.name for one in choose_by_chance(all_alike, 2, [1])})
    2
    """
    order = np.random.default_rng(seed).permutation(len(candidates))
    return [candidates[place] for place in order[:count]]
