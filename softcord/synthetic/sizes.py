"""How large cords and canals of real people are, from C1 to the lumbar spine, and how they vary together.

``sizes.csv`` holds, by vertebral level (1 = C1 … 8 = T1 … 20 = L1), the geometric means in mm of women's and
men's diameters and the standard deviation of their logarithm within a sex. It was fitted to 251 healthy
people (203 of spine-generic, 48 of whole-spine; PAM50-normalized-metrics, MIT licence; Valošek, Bédard et al.
2024, "A database of the healthy human spinal cord morphometry in the PAM50 template space", Imaging
Neuroscience 2, doi 10.1162/imag_a_00075) by :mod:`softcord.synthetic.fit_sizes`.
"""

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

SIZES = Path(__file__).with_name("sizes.csv")
LEVELS = tuple(range(1, 21))
MEASURES = ("cord_ap", "cord_rl", "canal_ap", "canal_rl")

# Printed by fit_sizes: the correlation of the four diameters at a level, and that of one diameter at levels
# apart, which falls to what a person's levels all share.
_CORRELATION = np.array(
    [[1.00, 0.23, 0.37, 0.14], [0.23, 1.00, 0.32, 0.55], [0.37, 0.32, 1.00, 0.54], [0.14, 0.55, 0.54, 1.00]]
)
_SHARED, _REACH_LEVELS = 0.5, 2.8
# Canals were measured down to T4. Below, they keep their size to T10 and are a fifth wider at L1 and on.
_CANAL_WIDENS = ((1, 17, 20), (1.0, 1.0, 1.2))

Float64 = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Person:
    """One person's diameters in mm by level, each of shape (levels,)."""

    cord_ap: Float64
    cord_rl: Float64
    canal_ap: Float64
    canal_rl: Float64


def draw_person(rng: np.random.Generator, spread: float = 1.0) -> Person:
    """Draw a person; ``spread`` multiplies the differences that real people of one sex have."""
    means, deviations = _table()
    levels, measures = len(LEVELS), len(MEASURES)
    shared = rng.standard_normal((1, measures))
    own = np.empty((levels, measures))
    own[0] = rng.standard_normal(measures)
    alike = np.exp(-1 / _REACH_LEVELS)
    for level in range(1, levels):
        own[level] = alike * own[level - 1] + np.sqrt(1 - alike**2) * rng.standard_normal(measures)
    scores = (np.sqrt(_SHARED) * shared + np.sqrt(1 - _SHARED) * own) @ np.linalg.cholesky(_CORRELATION).T
    sizes = np.exp(means[int(rng.integers(2))] + spread * deviations * np.clip(scores, -3, 3))
    return Person(*sizes.T)


@cache
def _table() -> tuple[Float64, Float64]:
    """Return the means of logarithms (sex, levels, measures) and their spread (levels, measures).

    Levels that were not measured are as the last one that was.
    """
    with SIZES.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))

    def column(name: str) -> Float64:
        values = [float(row[name] or "nan") for row in rows]
        known = np.flatnonzero(np.isfinite(values))
        filled: Float64 = np.interp(np.arange(len(values)), known, np.array(values)[known])
        return filled

    means = np.stack(
        [np.stack([np.log(column(f"{m}_{who}")) for m in MEASURES], axis=1) for who in ("women", "men")]
    )
    means[:, :, 2:] += np.log(np.interp(LEVELS, *_CANAL_WIDENS))[:, None]
    return means, np.stack([column(f"{m}_spread") for m in MEASURES], axis=1)
