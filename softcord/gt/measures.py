"""CSA of the hard masks and of the ground truth made from them, as rows of measures.csv."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from softcord.data.bids import NO_SESSION
from softcord.errors import RunError
from softcord.gt.dataset import DONE
from softcord.io.masks import read_mask
from softcord.measure.image import measure_image, measure_rows
from softcord.measure.level_text import format_levels
from softcord.measure.spread import csa_std_rows
from softcord.measure.table import Measure, measures_frame
from softcord.processes.parallel import parallel_map

if TYPE_CHECKING:
    from softcord.gt.settings import GtSettings


@dataclass(frozen=True)
class _Mask:
    """A mask to measure, and the words that say whose and which it is."""

    participant_id: str
    session_id: str
    contrast: str
    path: str
    discs: str | None
    method: str
    gt: str


def gt_measures(
    report: pd.DataFrame,
    settings: "GtSettings",
    levels: tuple[int, ...] = (2, 3),
    jobs: int = 1,
    on_done: Callable[[str], None] | None = None,
    *,
    tails: bool = False,
) -> pd.DataFrame:
    """Measure the hard masks (method ``GT_hard``) and the ground truth (``GT_soft`` or ``GT_soft_bin``).

    Args:
        report: what `softcord.gt.dataset.build_dataset` returned; participants that failed are left out.
        settings: the recipe, for the method's name.
        levels: vertebral levels to average over; without disc labels the whole cord ("all").
        jobs: number of processes.
        on_done: called with the name of each mask's contrast and participant.
        tails: whether faint values far from the cord count (:mod:`softcord.measure.tails`).

    Returns:
        Rows of measures.csv: csa_mm2 and csa_bin_mm2 by level, volume_mm3, and csa_std_mm2 over contrasts.

    Raises:
        RunError: a file that was just written cannot be measured.
    """
    masks = [mask for row in _done(report) for mask in _masks(row, settings)]
    rows: dict[_Mask, list[Measure]] = {}
    for outcome in parallel_map(partial(_measure, levels=levels, tails=tails), masks, jobs):
        if outcome.value is None:
            raise RunError(outcome.item.path, str(outcome.error), "Build the ground truth again")
        rows[outcome.item] = outcome.value
        if on_done is not None:
            on_done(f"{outcome.item.participant_id} {outcome.item.contrast}")
    frame = measures_frame(measure for mask in masks for measure in rows[mask])
    return pd.concat([frame, csa_std_rows(frame)], ignore_index=True)


def with_csa(report: pd.DataFrame, measures: pd.DataFrame, levels: tuple[int, ...] = (2, 3)) -> pd.DataFrame:
    """Return the report with the CSA before (``csa_hard_mm2``) and after (``csa_gt_mm2``), mm²."""
    level = format_levels(levels)
    is_csa = (measures["metric"] == "csa_mm2") & measures["level"].isin([level, "all"])
    found = measures[is_csa].assign(column=lambda m: (m["gt"] == "hard").map(_CSA_COLUMN))
    wide = found.pivot_table(index=_KEYS, columns="column", values="value")
    wide = wide.reindex(columns=list(_CSA_COLUMN.values()))
    sessions = report["session_id"].fillna(NO_SESSION)
    return report.assign(session_id=sessions).merge(wide.reset_index(), on=_KEYS, how="left")


_KEYS = ["participant_id", "session_id", "contrast"]
_CSA_COLUMN = {True: "csa_hard_mm2", False: "csa_gt_mm2"}


def _done(report: pd.DataFrame) -> Sequence[dict[str, object]]:
    rows: list[dict[str, object]] = report[report["status"].isin(DONE)].to_dict("records")  # type: ignore[assignment]
    return rows


def _masks(row: dict[str, object], settings: "GtSettings") -> list[_Mask]:
    def mask(path: object, method: str, gt: str) -> _Mask:
        participant_id, session_id, contrast = (str(row[key]) for key in _KEYS)
        return _Mask(participant_id, session_id, contrast, str(path), _path(row["discs"]), method, gt)

    made = mask(row["gt_file"], f"GT_{settings.name}", settings.name)
    return [made] if _path(row["hard_seg"]) is None else [mask(row["hard_seg"], "GT_hard", "hard"), made]


def _path(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _measure(mask: _Mask, levels: tuple[int, ...], tails: bool) -> list[Measure]:
    discs = None if mask.discs is None else read_mask(mask.discs)
    return measure_rows(
        measure_image(read_mask(mask.path), discs=discs, levels=levels, tails=tails),
        participant_id=mask.participant_id,
        session_id=mask.session_id,
        contrast=mask.contrast,
        method=mask.method,
        gt=mask.gt,
    )
