"""The probability that "A is better than B" is a false claim."""

from math import isfinite, nan, sqrt

from scipy.stats import t

from softcord.stats.shift import t_975


def false_claim_probability(
    shift: float,
    ci_low: float,
    ci_high: float,
    n: int,
    *,
    sd_seed: float = nan,
    runs: tuple[int, int] = (1, 1),
) -> float:
    """Return how probable it is that the true shift is zero or on the other side than the measured one.

    The shift's error is that of people and that of seeds: another seed of either method moves the shift of
    everybody, which no number of people averages out.

        SE^2 = ((ci_high - ci_low) / (2 t[0.975, n - 1]))^2 + sd_seed^2 (1 / runs_a + 1 / runs_b)
        P(false) = T[df](-|shift| / SE)

    T is Student's distribution, df is n - 1 and runs_a + runs_b - 2 joined by Satterthwaite's formula. With
    one seed each this is the formula of Christodoulou et al. 2025 (Claims Reloaded), which takes
    mean differences, for the typical shift that the tests are about. Assumed: the study's people and seeds
    are random ones, and before it every true shift was as probable as any other (a flat prior). Where small
    shifts are more probable than large ones, as they mostly are, the true probability is higher.

    Args:
        shift: of a paired comparison, any sign.
        ci_low, ci_high: its 95% interval over people.
        n: people.
        sd_seed: SD between seeds of one method; NaN where it is not known, and then not counted.
        runs: seeds of either method.

    Returns:
        0 to 0.5; NaN where the shift has no finite interval (fewer than six people).

    Source: Christodoulou et al. 2025, False Promises in Medical Imaging AI?, arXiv 2505.04720.

    >>> round(false_claim_probability(1.0, 0.0, 2.0, 20), 3)
    0.025
    >>> round(false_claim_probability(1.0, 0.0, 2.0, 20, sd_seed=0.5, runs=(3, 3)), 3)
    0.065
    """
    if n < 2 or not all(map(isfinite, (shift, ci_low, ci_high))):
        return nan
    of_people = ((ci_high - ci_low) / (2 * t_975(n - 1))) ** 2
    df_seeds = sum(runs) - 2
    of_seeds = sd_seed**2 * (1 / runs[0] + 1 / runs[1]) if isfinite(sd_seed) else 0.0
    variance = of_people + of_seeds
    if variance == 0:
        return 0.5 if shift == 0 else 0.0
    parts = of_people**2 / (n - 1) + (of_seeds**2 / df_seeds if df_seeds > 0 else 0.0)
    df = variance**2 / parts if parts > 0 else n - 1
    return float(t.sf(abs(shift) / sqrt(variance), df))
