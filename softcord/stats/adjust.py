"""Correct p-values for the number of tests in a declared family."""

from typing import Literal

import numpy as np
import numpy.typing as npt

Correction = Literal["bonferroni", "holm", "none"]


def adjust(p: npt.ArrayLike, correction: Correction = "bonferroni") -> npt.NDArray[np.float64]:
    """Adjust the p-values of one family; missing ones stay missing and do not count.

    Bonferroni multiplies by the family's size; Holm (1979) steps down and is never less powerful. Both
    control the chance of any false finding in the family. Same as R's ``p.adjust``.
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted = values.copy()
    present = np.isfinite(values)
    family = values[present]
    if correction == "bonferroni":
        adjusted[present] = np.minimum(1.0, family * len(family))
    elif correction == "holm":
        order = np.argsort(family)
        steps = np.maximum.accumulate(family[order] * np.arange(len(family), 0, -1))
        stepped = np.empty_like(family)
        stepped[order] = np.minimum(1.0, steps)
        adjusted[present] = stepped
    return adjusted
