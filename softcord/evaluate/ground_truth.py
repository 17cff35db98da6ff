"""CSA of the ground truth itself, so that tables and figures start with it as the paper's do."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pandas as pd

from softcord.measure.image import measure_image, measure_rows
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import Measure, measures_frame
from softcord.nifti import Volume, read_volume

if TYPE_CHECKING:
    from softcord.evaluate.image import TestImage

_CSA = ("csa_mm2", "csa_bin_mm2")


def ground_truth_measures(
    images: "Sequence[TestImage]",
    levels: tuple[int, ...],
    run: str,
    *,
    reference: Literal["soft", "hard", "soft_bin"],
) -> pd.DataFrame:
    """Return measures of the methods ``GT_soft`` (where the reference is soft) and ``GT_hard``."""
    frames = []
    if reference == "soft":
        frames.append(measures_frame(_rows(images, levels, run, "soft")))
    frames.append(measures_frame(_rows(images, levels, run, "hard")))
    return pd.concat([part for frame in frames for part in (frame, csa_std_rows(frame))], ignore_index=True)


def _rows(images: "Iterable[TestImage]", levels: tuple[int, ...], run: str, gt: str) -> Iterator[Measure]:
    for image in images:
        path = image.reference if gt == "soft" else image.hard_seg
        if path is None:
            continue
        measured = measure_image(read_volume(path), discs=_discs(image.discs), levels=levels)
        yield from measure_rows(
            (one for one in measured if one.metric in _CSA),
            participant_id=image.participant_id,
            session_id=image.session_id,
            contrast=image.contrast,
            run=run,
            method=f"GT_{gt}",
            gt=gt,
        )


def _discs(path: Path | None) -> Volume | None:
    return read_volume(path) if path else None
