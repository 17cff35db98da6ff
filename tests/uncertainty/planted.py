"""Failures that nets make, planted into good masks: leaks, missing ends, other structures, nothing at all."""

from collections.abc import Callable

import numpy as np

from softcord.io.nifti import Volume, from_rpi, to_rpi


def _edited(mask: Volume, edit: Callable[[np.ndarray, Volume], np.ndarray]) -> Volume:
    rpi = to_rpi(mask)
    return Volume(from_rpi(edit(rpi.data.copy(), rpi), mask.affine).astype(np.float32), mask.affine)


def ball(rpi: Volume, centre: np.ndarray, radius_mm: float) -> np.ndarray:
    axes = np.meshgrid(*(np.arange(n) for n in rpi.data.shape), indexing="ij")
    squares = sum(((x - c) * side) ** 2 for x, c, side in zip(axes, centre, rpi.spacing_mm, strict=True))
    return np.asarray(squares) <= radius_mm**2


def leak(mask: Volume, rng: np.random.Generator) -> Volume:
    """A ball of 6-9 mm about a point of the cord's border, joined to it."""

    def edit(data: np.ndarray, rpi: Volume) -> np.ndarray:
        inside = np.argwhere(data > 0.5)
        slices = np.unique(inside[:, 2])
        k = rng.choice(slices[len(slices) // 4 : -(len(slices) // 4) or None])
        here = inside[inside[:, 2] == k]
        data[ball(rpi, here[rng.integers(len(here))], rng.uniform(6, 9))] = 1
        return data

    return _edited(mask, edit)


def missing_end(mask: Volume, rng: np.random.Generator) -> Volume:
    """A third to half of the cord, at one end, is not there."""

    def edit(data: np.ndarray, rpi: Volume) -> np.ndarray:
        n = data.shape[2]
        cut = round(n * rng.uniform(1 / 3, 1 / 2))
        data[:, :, slice(0, cut) if rng.random() < 0.5 else slice(n - cut, None)] = 0
        return data

    return _edited(mask, edit)


def another_part(mask: Volume, rng: np.random.Generator) -> Volume:
    """A ball of 4-7 mm beside the cord, not joined to it."""

    def edit(data: np.ndarray, rpi: Volume) -> np.ndarray:
        centre = np.argwhere(data > 0.5).mean(axis=0)
        centre[0] += rng.choice([-1, 1]) * 16 / rpi.spacing_mm[0]
        data[ball(rpi, centre, rng.uniform(4, 7))] = 1
        return data

    return _edited(mask, edit)


def elsewhere(mask: Volume, rng: np.random.Generator) -> Volume:
    """A tube of the cord's own shape, in what lies 8-14 mm aside."""

    def edit(data: np.ndarray, rpi: Volume) -> np.ndarray:
        step = int(rng.choice([-1, 1]) * rng.uniform(8, 14) / rpi.spacing_mm[0])
        return np.roll(data, step, axis=0)

    return _edited(mask, edit)


def empty(mask: Volume, rng: np.random.Generator) -> Volume:
    return Volume(np.zeros_like(mask.data), mask.affine)


FAILURES = {
    "leak": leak,
    "missing end": missing_end,
    "another part": another_part,
    "elsewhere": elsewhere,
    "empty": empty,
}
