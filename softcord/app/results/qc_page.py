"""The page to look at the predictions of one evaluation: mosaics with or without ground truth."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from softcord.app.results.visual_check import EXCLUDE_WORDS
from softcord.draw.qc import overlay_bytes
from softcord.errors import SoftcordError
from softcord.hints import counted
from softcord.io.files import write_text
from softcord.io.names import nifti_stem
from softcord.io.nifti import read_volume
from softcord.predict.write import softseg_path
from softcord.report import html
from softcord.report.html import QcImage
from softcord.report.summary import mean_sd, summary_table
from softcord.sweep.folder import PREDICTIONS, QC_PAGE

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd


AT_MOST = 60  # images on the page: about 50 kB each


def write_qc_page(
    run_dir: Path, method: str, data: str, images: "pd.DataFrame", measures: "pd.DataFrame", level: str
) -> None:
    """Write ``qc.html``: the images measured worst, or evenly chosen ones where nothing was measured.

    ``images`` are rows of the index with the column ``label`` (None: no ground truth).
    """
    shown = _worst_first(images, measures)
    is_measured = len(measures) > 0
    notes = () if is_measured else ("There is no ground truth: nothing was measured.",)
    left = len(images) - len(shown)
    report = html.Report(
        study=f"{method} on {data}",
        byline=f"{counted(len(images), 'image')} predicted" + (f", {left} of them not shown" if left else ""),
        summary=summary_table(measures, level) if is_measured else measures,
        notes=notes,
        qc=tuple(_drawn(run_dir, method, shown)),
        exclude_words=EXCLUDE_WORDS,
    )
    write_text(run_dir / QC_PAGE, html.page(report))


def _worst_first(images: "pd.DataFrame", measures: "pd.DataFrame") -> "pd.DataFrame":
    """Return at most ``AT_MOST`` images with the column ``dice`` (NaN: not measured)."""
    key = ["participant_id", "session_id", "contrast"]
    dice = measures[measures["metric"] == "dice"].set_index(key)["value"].rename("dice")
    joined = images.join(dice, on=key).sort_values("dice", kind="stable")
    if joined["dice"].notna().any():
        return joined.head(AT_MOST)
    rows = np.unique(np.linspace(0, len(joined) - 1, min(AT_MOST, len(joined))).round().astype(int))
    return joined.iloc[rows]


def _drawn(run_dir: Path, method: str, images: "pd.DataFrame") -> "Iterator[QcImage]":
    for row in images.to_dict("records"):
        image = Path(row["image"])
        label = read_volume(row["label"]) if row["label"] else None
        try:
            prediction = read_volume(softseg_path(run_dir / PREDICTIONS, image))
            jpeg = overlay_bytes(read_volume(image), prediction, label)
        except SoftcordError:
            continue  # an image that cannot be drawn was named when it could not be measured
        scores = {"Dice": mean_sd(row["dice"], float("nan"), 3)}
        yield QcImage(nifti_stem(image), method, scores, jpeg)
