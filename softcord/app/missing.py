"""Name and count the test images of which a method has no usable mask."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path

from softcord.evaluate.image import TestImage, name_missing
from softcord.files import write_text

logger = logging.getLogger("softcord")

MISSING_CSV = "missing.csv"
_COLUMNS = ("participant_id", "session_id", "contrast", "image", "reason")


def write_missing(run_dir: Path, images: Sequence[TestImage], missing: Mapping[Path, str]) -> None:
    """Write a run's missing.csv, one row per image without a usable mask, and say so in the log."""
    import pandas as pd

    rows = [
        (one.participant_id, one.session_id, one.contrast, str(one.image), missing[one.image])
        for one in images
        if one.image in missing
    ]
    write_text(run_dir / MISSING_CSV, pd.DataFrame(rows, columns=list(_COLUMNS)).to_csv(index=False))
    for line in name_missing(missing):
        logger.warning(line)
    if missing:
        logger.warning(
            "%d of %d test images are missing: %s", len(missing), len(images), run_dir / MISSING_CSV
        )


def count_missing(run_dir: Path) -> int:
    """Return how many test images a finished run has no mask of."""
    import pandas as pd

    path = run_dir / MISSING_CSV
    return len(pd.read_csv(path)) if path.exists() else 0
