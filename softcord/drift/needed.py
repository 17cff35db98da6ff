"""How many participants it would take to tell whether a shift is within a margin."""

from math import ceil, pi, sqrt

from scipy.stats import nct, t

POWER = 0.8
# What the signed-rank test needs more of, where differences are normal (its efficiency is 3 / pi).
RANKS_NEED = pi / 3
# Beyond this nobody looks; a shift so near the margin cannot be told from it.
AT_MOST = 5_000
_FEWEST = 6


def participants_needed(
    shift: float, sd: float, margin: float, *, alpha_within: float = 0.05, alpha_beyond: float = 0.025
) -> int | None:
    """Participants of whom 80 % of cohorts would tell, if ``shift`` and ``sd`` are as they were found.

    A shift within the margin is told by two one-sided tests at ``alpha_within``, one beyond it by a one-sided
    test at ``alpha_beyond``; powers of the t test by the noncentral t distribution, times pi / 3 for ranks.

    Args:
        shift: typical difference per participant.
        sd: standard deviation of the participants' differences, in the same unit.
        margin: difference that does not matter, above 0.
        alpha_within: level of each of the two tests within.
        alpha_beyond: level of the test beyond.

    Returns:
        The number; None where no number up to 5000 would do, or there is no ``sd``.

    Source: Schuirmann 1987; Julious 2004, Statistics in Medicine 23:1921, section 5.

    >>> participants_needed(0.0, 1.0, 1.0)
    12
    >>> participants_needed(1.0, 1.0, 1.0) is None
    True
    """
    if not (sd >= 0 and abs(shift) < float("inf")) or abs(shift) == margin:
        return None
    if sd == 0:
        return _FEWEST
    is_within = abs(shift) < margin
    alpha = alpha_within if is_within else alpha_beyond

    def power(n: int) -> float:
        if not is_within:
            return _power(n, (abs(shift) - margin) / sd, alpha)
        both = (_power(n, (margin - shift) / sd, alpha), _power(n, (margin + shift) / sd, alpha))
        return sum(both) - 1

    low, high = 1, _FEWEST
    while power(high) < POWER:
        low, high = high, 2 * high
        if high > AT_MOST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= POWER else (middle, high)
    return max(_FEWEST, ceil(RANKS_NEED * high))


def _power(n: int, size: float, alpha: float) -> float:
    """Power of a one-sided t test of n differences whose mean is ``size`` SDs on the right side."""
    if n < 2:
        return 0.0
    beyond = size * sqrt(n)
    # Far out the noncentral t distribution overflows; there is no doubt left either.
    return 1.0 if beyond > 30 else float(nct.sf(t.ppf(1 - alpha, n - 1), n - 1, beyond))
