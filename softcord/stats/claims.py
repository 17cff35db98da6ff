"""Published results, as a study states them to be held against."""

from dataclasses import dataclass

from softcord.stats.frames import Unit


@dataclass(frozen=True)
class PaperValue:
    """A published mean ± SD over ``n`` participants (``pooled``: images) of one method and metric."""

    source: str
    method: str
    metric: str
    mean: float
    sd: float
    n: int = 49
    contrast: str = "all"
    unit_of_analysis: Unit = "participant"


@dataclass(frozen=True)
class PaperOrder:
    """A published comparison: ``lower`` has the lower values, or (``similar``) no difference was found.

    ``p_below`` is the published bound of p; None where the paper's text gives none. ``unit_of_analysis``:
    what the paper's n counts, participants or (``pooled``) images; it is held against the test of that.
    """

    source: str
    metric: str
    lower: str
    higher: str
    p_below: float | None = None
    similar: bool = False
    unit_of_analysis: Unit = "participant"


@dataclass(frozen=True)
class PaperEffect:
    """A published test within a method: the metric differs (or not) over all contrasts, or between two."""

    source: str
    method: str
    metric: str
    differs: bool
    contrasts: tuple[str, ...] = ()


@dataclass(frozen=True)
class PaperLine:
    """A published line y = slope x + intercept between two contrasts of a method, with its r².

    ``margin``: the difference of slopes that does not matter.
    """

    source: str
    method: str
    metric: str
    x: str
    y: str
    slope: float
    intercept: float
    r2: float
    margin: float = 0.1


Claim = PaperValue | PaperOrder | PaperEffect | PaperLine


def methods_of(claim: Claim) -> tuple[str, ...]:
    """Return the methods that a claim is about."""
    return (claim.lower, claim.higher) if isinstance(claim, PaperOrder) else (claim.method,)
