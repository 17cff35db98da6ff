"""CSA of the ground truth itself, so that tables and figures start with it as the paper's do."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Literal

import pandas as pd

from softcord.errors import DataError
from softcord.evaluation.image import EvaluationImage
from softcord.evaluation.measure import WORTH_PROCESSES
from softcord.io.masks import read_mask
from softcord.io.nifti import Volume
from softcord.measure.image import measure_image, measure_rows
from softcord.measure.metrics import CSA
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import Measure, measures_frame
from softcord.processes.parallel import parallel_map


def ground_truth_measures(
    images: Sequence[EvaluationImage],
    levels: tuple[int, ...],
    run: str,
    *,
    reference: Literal["soft", "hard", "soft_bin"],
    tails: bool = False,
    jobs: int = 1,
) -> pd.DataFrame:
    """Return measures of the methods ``GT_soft`` (where the reference is soft) and ``GT_hard``.

    Raises:
        DataError: a ground truth that cannot be measured.
    """
    wanted = [(image, "soft", image.reference) for image in images if reference == "soft"]
    wanted += [(image, "hard", image.hard_seg) for image in images if image.hard_seg is not None]
    measured: dict[tuple[Path, str], list[Measure]] = {}
    measure = partial(_rows, levels=levels, run=run, tails=tails)
    for outcome in parallel_map(measure, wanted, jobs if len(wanted) >= WORTH_PROCESSES else 1):
        image, gt, path = outcome.item
        if outcome.value is None:
            raise DataError(path, f"the ground truth cannot be measured: {outcome.error}")
        measured[image.image, gt] = outcome.value
    frames = [
        measures_frame(row for image, gt, _ in wanted if gt == name for row in measured[image.image, gt])
        for name in dict.fromkeys(gt for _, gt, _ in wanted)
    ]
    return pd.concat([part for frame in frames for part in (frame, csa_std_rows(frame))], ignore_index=True)


def _rows(
    truth: tuple[EvaluationImage, str, Path], *, levels: tuple[int, ...], run: str, tails: bool
) -> list[Measure]:
    image, gt, path = truth
    measured = measure_image(read_mask(path), discs=_discs(image.discs), levels=levels, tails=tails)
    return measure_rows(
        (one for one in measured if one.metric in CSA),
        participant_id=image.participant_id,
        session_id=image.session_id,
        contrast=image.contrast,
        run=run,
        method=f"GT_{gt}",
        gt=gt,
    )


def _discs(path: Path | None) -> Volume | None:
    return read_mask(path) if path else None
