"""Ranges that random parameters are drawn from, and their checks."""

import math

import numpy as np

Range = tuple[float, float]
RangePerAxis = tuple[Range, Range, Range]
Shape = tuple[int, int, int]


def draw(rng: np.random.Generator, limits: Range) -> float:
    """Draw uniformly between two limits."""
    return float(rng.uniform(*limits))


def draw_per_axis(rng: np.random.Generator, limits: Range) -> tuple[float, float, float]:
    """Draw uniformly between two limits for each of the three axes."""
    x, y, z = (float(value) for value in rng.uniform(*limits, 3))
    return x, y, z


def per_axis(limits: Range | RangePerAxis) -> RangePerAxis:
    """Return a range for each axis, where one may have been given for all."""
    return (limits, limits, limits) if len(limits) == 2 else limits


def check_probability(probability: float) -> None:
    """Raise a ValueError unless 0 <= probability <= 1."""
    if not 0 <= probability <= 1:
        raise ValueError(f"probability: must be in [0, 1], got {probability}")


def check_range(name: str, limits: Range, at_least: float = -math.inf, at_most: float = math.inf) -> None:
    """Raise a ValueError unless the limits ascend and lie within the given bounds."""
    low, high = limits
    if not at_least <= low <= high <= at_most:
        raise ValueError(f"{name}: must ascend within [{at_least:g}, {at_most:g}], got [{low:g}, {high:g}]")
