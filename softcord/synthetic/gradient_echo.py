"""Signals of spoiled gradient echo (T1w, T2*w), with and without a magnetisation transfer pulse."""

import numpy as np

# Proton density, T1 (s), T2* (ms) and the share of the signal that an MT pulse takes, at 3 tesla: orders of
# magnitude from the literature, each drawn within a fifth or so. Blood that flows in is unsaturated.
_TISSUES = {
    "white": (0.70, 0.95, 40.0, 0.45),
    "grey": (0.80, 1.15, 45.0, 0.38),
    "csf": (1.00, 4.00, 120.0, 0.02),
    "dura": (0.60, 1.00, 12.0, 0.40),
    "fat": (0.90, 0.37, 35.0, 0.02),
    "ligament": (0.50, 0.90, 8.0, 0.45),
    "cortical": (0.15, 0.60, 2.0, 0.20),
    "marrow": (0.60, 0.60, 7.0, 0.08),
    "disc": (0.75, 1.10, 25.0, 0.35),
    "nucleus": (0.90, 1.50, 60.0, 0.15),
    "muscle": (0.80, 1.40, 28.0, 0.50),
    "vessel": (0.90, 0.25, 60.0, 0.05),
}


def spoiled_gradient_echo(rng: np.random.Generator) -> dict[str, float]:
    """Return the signal of every tissue for a drawn repetition time, echo time, flip angle and MT pulse."""
    repetition_s = float(np.exp(rng.uniform(np.log(0.02), np.log(0.8))))
    echo_ms = float(rng.uniform(2, 25))
    # About the angle that gives white matter most signal, from proton density to T1 weighting.
    flip = float(np.arccos(np.exp(-repetition_s / 0.95)) * np.exp(rng.uniform(np.log(0.4), np.log(2.5))))
    flip = min(flip, np.pi / 2)
    transfer = float(rng.uniform(0.4, 1.3)) if rng.uniform() < 0.5 else 0.0
    signal = {}
    for name, (density, t1_s, t2star_ms, bound) in _TISSUES.items():
        density, t1_s, t2star_ms = (
            value * np.exp(spread * np.clip(rng.standard_normal(), -2, 2))
            for value, spread in ((density, 0.06), (t1_s, 0.1), (t2star_ms, 0.15))
        )
        recovered = np.exp(-repetition_s / t1_s)
        steady = np.sin(flip) * (1 - recovered) / (1 - np.cos(flip) * recovered)
        signal[name] = float(
            density * steady * np.exp(-echo_ms / t2star_ms) * (1 - min(0.9, transfer * bound))
        )
    brightest = max(signal["white"], signal["csf"], signal["fat"])
    signal = {name: min(1.5, 0.9 * value / brightest) for name, value in signal.items()}
    return {**signal, "air": float(rng.uniform(0, 0.04))}
