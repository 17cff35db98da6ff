"""Name and count the test images of which a method has no usable mask."""

import logging
from collections.abc import Mapping
from pathlib import Path

import pandas as pd

from softcord.evaluation.image import name_missing
from softcord.io.tables import write_table
from softcord.sweep.folder import MISSING

logger = logging.getLogger("softcord")

_COLUMNS = ["participant_id", "session_id", "contrast", "image"]


def write_missing(run_dir: Path, images: pd.DataFrame, missing: Mapping[Path, str]) -> None:
    """Write a run's missing.csv, one row per image without a usable mask, and say so in the log.

    ``images`` are all that were tested, as the index has them.
    """
    reasons = images["image"].map(lambda image: missing.get(Path(image)))
    rows = images[_COLUMNS].assign(reason=reasons)[reasons.notna()]
    write_table(run_dir / MISSING, rows)
    for line in name_missing(missing):
        logger.warning(line)
    if missing:
        logger.warning("%d of %d test images are missing: %s", len(missing), len(images), run_dir / MISSING)


def count_missing(run_dir: Path) -> int:
    """Return how many test images a finished run has no mask of."""
    path = run_dir / MISSING
    return len(pd.read_csv(path)) if path.exists() else 0
