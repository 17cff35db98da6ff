"""Correct p-values for the number of tests in a declared family."""

from typing import Literal

import numpy as np
import numpy.typing as npt
from statsmodels.stats.multitest import multipletests

Correction = Literal["bonferroni", "holm", "none"]


def adjust(p: npt.ArrayLike, correction: Correction = "bonferroni") -> npt.NDArray[np.float64]:
    """Adjust the p-values of one family; missing ones stay missing and do not count.

    Bonferroni multiplies by the family's size; Holm (1979) steps down and is never less powerful. Both
    control the chance of any false finding in the family. statsmodels' ``multipletests``, R's ``p.adjust``.

    >>> adjust([0.01, 0.04], "bonferroni").tolist()
    [0.02, 0.08]
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = values.copy()
    present = np.isfinite(values)
    if correction != "none" and present.any():
        adjusted[present] = multipletests(values[present], method=correction)[1]
    return adjusted
