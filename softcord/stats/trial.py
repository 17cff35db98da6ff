"""How many people a trial needs to see that a drug slows a change, from the measured variability."""

from dataclasses import dataclass
from math import ceil, inf, isnan, nan, sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import nct, norm, t

# Above this the t distribution is the normal one, and nobody runs a trial of more than the second.
_EXACT_UP_TO = 1000
PER_ARM_UP_TO = 1_000_000


@dataclass(frozen=True)
class Trial:
    """A trial of two arms, half the people with the drug: each is scanned ``visits`` times over ``years``."""

    years: float = 2.0
    visits: int = 3
    power: float = 0.8
    alpha: float = 0.05

    def __post_init__(self) -> None:
        if not self.years > 0:
            raise ValueError(f"years: must be above 0, got {self.years}")
        if self.visits < 2:
            raise ValueError(f"visits: must be at least 2, got {self.visits}")

    def sd_of_rate(self, sd_within: float, sd_rates: float) -> float:
        """SD between people of the rate that the trial measures in each: true spread and error together.

        sqrt(sd_rates^2 + sd_within^2 / sum of squared years about their mean), visits being evenly spaced.
        """
        times = np.linspace(0, self.years, self.visits)
        squares = float(((times - times.mean()) ** 2).sum())
        return sqrt((0.0 if isnan(sd_rates) else sd_rates) ** 2 + sd_within**2 / squares)

    def people_per_arm(self, difference: float, sd: float) -> float:
        """People in each arm whose mean rates must differ by ``difference``; two-sided t test, exact power.

        Infinite where there is no difference to see, or more than a million would be needed.
        """
        effect = abs(difference) / sd if sd > 0 else inf
        if isnan(effect) or effect == 0:
            return inf
        if self._power(effect, 2) >= self.power:
            return 2.0
        if self._power(effect, _EXACT_UP_TO) < self.power:
            n = 2 * float((norm.ppf(1 - self.alpha / 2) + norm.ppf(self.power)) / effect) ** 2
        else:
            n = brentq(lambda n: self._power(effect, n) - self.power, 2, _EXACT_UP_TO, xtol=1e-6)
        return float(ceil(n - 1e-6)) if n <= PER_ARM_UP_TO else inf

    def detectable(self, people_per_arm: int, sd: float) -> float:
        """Smallest difference of mean rates that arms of this size see, in the unit of ``sd``."""
        if sd == 0 or isnan(sd):
            return nan if isnan(sd) else 0.0
        reach = brentq(lambda d: self._power(d, people_per_arm) - self.power, 1e-9, 100.0)
        return float(reach) * sd

    def _power(self, effect: float, people_per_arm: float) -> float:
        """Power of the two-sided t test; statsmodels' own gives NaN where the far tail underflows."""
        df, shift = 2 * people_per_arm - 2, effect * sqrt(people_per_arm / 2)
        if shift > 30:  # beyond what the noncentral t can compute
            return 1.0
        critical = t.ppf(1 - self.alpha / 2, df)
        return float(nct.sf(critical, df, shift) + np.nan_to_num(nct.cdf(-critical, df, shift)))
