"""Made-up measures with known differences, for tests of statistics and reports."""

import numpy as np
import pandas as pd

COLUMNS = (
    "run", "method", "gt", "contrasts_trained", "loss", "seed", "participant_id", "session_id", "contrast",
    "level", "metric", "value", "unit",
)  # fmt: skip
CONTRASTS = ("T1w", "T2w", "T2star", "MTon", "GREt1w", "dwi")
SHIFTS_MM2 = dict(zip(CONTRASTS, (0.0, 2.0, -1.0, -2.0, 1.0, -3.0), strict=True))
CONTRAST_BIAS = {"GT_soft": 0.05, "soft_all": 0.2, "soft_all_diceCE_loss": 0.4}


def make_measures(
    methods=("hard_all_SoftSeg", "soft_all_diceCE_loss", "soft_all"),
    participants=12,
    seeds=(1,),
    ground_truth=True,
    contrasts=CONTRASTS,
    noise=0.5,
    random=0,
):
    """Tidy measures: each method's CSA moves with the contrast by its own factor (1 if unknown)."""
    rng = np.random.default_rng(random)
    true_csa = rng.normal(75, 7, participants)
    runs = [(f"{method}_s{seed}", method, seed) for method in methods for seed in seeds]
    runs += [(name, name, "n/a") for name in ("GT_hard", "GT_soft") if ground_truth]
    rows = []
    for run, method, seed in runs:
        for i, truth in enumerate(true_csa):
            key = (run, method, "soft", "6", "awing", str(seed), f"sub-{i + 1:02d}", "n/a")
            rows += _participant(key, method, truth, contrasts, rng, noise)
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _participant(key, method, truth, contrasts, rng, noise):
    factor = CONTRAST_BIAS.get(method, 1.0)
    soft = {c: truth + factor * SHIFTS_MM2[c] + rng.normal(0, noise) for c in contrasts}
    binarised = {c: value + rng.normal(0.5, 0.4) for c, value in soft.items()}
    for prefix, csa in (("csa", soft), ("csa_bin", binarised)):
        for contrast, value in csa.items():
            yield (*key, contrast, "2:3", f"{prefix}_mm2", value, "mm2")
            yield (*key, contrast, "2:3", f"{prefix}_abs_error_mm2", abs(value - truth), "mm2")
        yield (*key, "all", "2:3", f"{prefix}_std_mm2", np.std(list(csa.values()), ddof=1), "mm2")
    if method.startswith("GT_"):
        return
    for contrast in contrasts:
        for metric, value, unit in (
            ("dice", 0.95 - abs(rng.normal(0, 0.01)), "1"),
            ("dice_soft", 0.94 - abs(rng.normal(0, 0.01)), "1"),
            ("rve_pct", rng.normal(1, 3), "%"),
        ):
            yield (*key, contrast, "n/a", metric, value, unit)
