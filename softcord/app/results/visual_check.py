"""The report's visual check: mosaics of the test images that were measured worst."""

import logging
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path

import pandas as pd

from softcord.draw.qc import overlay_bytes
from softcord.errors import SoftcordError
from softcord.io.names import nifti_stem
from softcord.io.nifti import read_volume
from softcord.predict.write import predictions_of, softseg_path
from softcord.report.html import QcImage
from softcord.report.summary import mean_sd
from softcord.stats.worst import worst_images
from softcord.sweep.folder import PREDICTIONS, TEST_IMAGES

logger = logging.getLogger("softcord")

# How the next run is given the list of those that failed.
EXCLUDE_WORDS = "data.exclude=FILE"
ImageKey = tuple[str, str, str]


def visual_check(
    folder: Path, measures: pd.DataFrame, count: int, also: Iterable[tuple[str, str]] = ()
) -> tuple[QcImage, ...]:
    """Draw the ``count`` images that were measured worst, of those whose files are still there.

    ``also``: (participant, method) whose worst image is shown behind them, if it is not among them.
    """
    if not count:
        return ()
    worst = worst_images(measures)
    shown = list(islice(_drawn(folder, worst), count))
    there = {(image.image.split("_")[0], image.method) for image in shown}
    keys = pd.MultiIndex.from_frame(worst[["participant_id", "method"]].astype(str))
    for key in dict.fromkeys(also):
        if key not in there:
            shown += islice(_drawn(folder, worst[keys == key]), 1)
    return tuple(shown)


def _drawn(folder: Path, worst: pd.DataFrame) -> Iterator[QcImage]:
    for row in worst.to_dict("records"):
        run_dir = folder / str(row["run"])
        key = (row["participant_id"], row["session_id"], row["contrast"])
        image, label = test_files(run_dir).get(key, (None, None))
        if image is None or label is None:
            continue
        try:
            predictions = predictions_of(run_dir / PREDICTIONS, str(row["participant_id"]))
            softseg = softseg_path(predictions, image)
            if not softseg.exists():  # a missing image, which the report counts
                continue
            jpeg = overlay_bytes(*(read_volume(path) for path in (image, softseg, label)))
        except SoftcordError as error:
            logger.warning("not in the visual check: %s", error)
            continue
        scores = {
            "|CSA error|": mean_sd(row["csa_abs_error_mm2"], float("nan")) + " mm²",
            "Dice": mean_sd(row["dice"], float("nan"), 3),
        }
        yield QcImage(nifti_stem(image), str(row["method"]), scores, jpeg)


@cache
def test_files(run_dir: Path) -> dict[ImageKey, tuple[Path, Path]]:
    """Image and reference mask of each test image of a run; empty where the run did not say."""
    path = run_dir / TEST_IMAGES
    if not path.exists():
        return {}
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    keys = zip(
        table["participant_id"], table["session_id"].replace("", "n/a"), table["contrast"], strict=True
    )
    files = zip(map(Path, table["image"]), map(Path, table["label"]), strict=True)
    return dict(zip(keys, files, strict=True))
