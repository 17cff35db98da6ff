"""Simulated cohorts: areas of the same images by an old and a new model, with a planted shift."""

import numpy as np
import pandas as pd

PEOPLE, CONTRASTS = 20, ("T1w", "T2w", "T2star")


def cohort(
    rng: np.random.Generator,
    shift_mm2: float,
    *,
    people: int = PEOPLE,
    contrasts: tuple[str, ...] = CONTRASTS,
    sd_person_mm2: float = 0.6,
    sd_image_mm2: float = 0.6,
) -> pd.DataFrame:
    """Images whose difference is the shift, plus the person's own, plus the image's own."""
    size = (people, len(contrasts))
    change = shift_mm2 + rng.normal(0, sd_person_mm2, (people, 1)) + rng.normal(0, sd_image_mm2, size)
    old = rng.normal(75, 8, size)
    return pd.DataFrame(
        {
            "participant_id": np.repeat([f"sub-{i:02}" for i in range(people)], len(contrasts)),
            "contrast": np.tile(contrasts, people),
            "old_mm2": old.ravel(),
            "new_mm2": (old + change).ravel(),
            "old_failed": False,
            "new_failed": False,
            "old_unsure": False,
            "new_unsure": False,
        }
    )
