"""Why the centreline is smoothed over 8 mm: `python benchmarks/bench_centreline.py`.

Slice areas carry the error of the centreline's tilt. For curves with known tangents, centres jittered as
slices are by motion, and several smoothings, prints the RMS of that error in percent of the area.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from softcord.measure.centreline import smooth_centreline

Floats = npt.NDArray[np.float64]
SMOOTHINGS_MM = (2.0, 4.0, 6.0, 8.0, 12.0, 20.0)
PITCH = 2 * np.pi / 100
REPEATS = 100


def lordosis(z_mm: Floats) -> tuple[Floats, Floats]:
    """An arc of 80 mm radius: place and slope."""
    y_mm = np.sqrt(80**2 - z_mm**2)
    return np.stack([0 * z_mm, y_mm], 1), np.stack([0 * z_mm, -z_mm / y_mm], 1)


def oblique(z_mm: Floats) -> tuple[Floats, Floats]:
    """A line that leans by 20 degrees."""
    slope = np.tan(np.radians(20))
    return np.stack([0 * z_mm, slope * z_mm], 1), np.stack([0 * z_mm, slope + 0 * z_mm], 1)


def scoliosis(z_mm: Floats) -> tuple[Floats, Floats]:
    """A screw of 3 mm radius and 100 mm pitch: more bent than a healthy neck."""
    place = 3 * np.stack([np.cos(PITCH * z_mm), np.sin(PITCH * z_mm)], 1)
    slope = 3 * PITCH * np.stack([-np.sin(PITCH * z_mm), np.cos(PITCH * z_mm)], 1)
    return place, slope


def error_pct(
    curve: Callable[[Floats], tuple[Floats, Floats]], slice_mm: float, jitter_mm: float, smoothing_mm: float
) -> float:
    """RMS over slices and repeats of the area's error through the tilt alone."""
    rng = np.random.default_rng(15)
    z_mm = np.arange(-32, 32, slice_mm)
    place, slope = curve(z_mm)
    true_cosine = 1 / np.sqrt(1 + (slope**2).sum(axis=1))
    errors = []
    for _ in range(REPEATS if jitter_mm else 1):
        centres = place + rng.normal(0, jitter_mm, place.shape)
        line = smooth_centreline(
            np.arange(len(z_mm)), centres, np.ones(len(z_mm)), (1.0, 1.0, slice_mm), smoothing_mm
        )
        errors.append(line.cosine / true_cosine - 1)
    return 100 * float(np.sqrt(np.mean(np.square(errors))))


if __name__ == "__main__":
    print("curve       slice  jitter   RMS error of the area (%) by smoothing (mm)")
    print(" " * 26 + "".join(f"{smoothing:8g}" for smoothing in SMOOTHINGS_MM))
    for name, curve in (("lordosis", lordosis), ("oblique", oblique), ("scoliosis", scoliosis)):
        for slice_mm in (1.0, 3.0, 5.0):
            for jitter_mm in (0.0, 0.1, 0.3):
                cells = (error_pct(curve, slice_mm, jitter_mm, smoothing) for smoothing in SMOOTHINGS_MM)
                row = "".join(f"{cell:8.2f}" for cell in cells)
                print(f"{name:<10} {slice_mm:4g} mm {jitter_mm:4g} mm {row}")
