"""Two conditions measured on the same participants, and who is left out of the comparison, and why."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from softcord.stats.wilcoxon import without_rounding

FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Pair:
    """Values of conditions a and b, one per name; NaN where there is none.

    ``names``: every participant (pooled: image) of the data, so that used and left out add up to it. ``why``
    says by place what is missing. ``notes``: what a reader must know of this pair. ``one_seed``: which of a
    and b depend on a seed of which there is only one.
    """

    a: str
    b: str
    names: tuple[str, ...]
    first: FloatArray
    second: FloatArray
    why: Callable[[int], str]
    notes: tuple[str, ...] = ()
    one_seed: tuple[str, ...] = ()

    def differences(self) -> FloatArray:
        """Return a - b of every name, without what is only rounding."""
        both = np.abs(np.concatenate([self.first, self.second]))
        largest = float(both[np.isfinite(both)].max(initial=0.0))
        return without_rounding(self.first - self.second, largest)

    def left_out(self) -> dict[str, str]:
        """Return whom the comparison leaves out, and why."""
        lacking = np.flatnonzero(~np.isfinite(self.first - self.second))
        return {self.names[k]: self.why(int(k)) or "no value" for k in lacking}
