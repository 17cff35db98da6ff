"""Soft ground truth for a table of images: found where it is, built where it is missing or outdated."""

import logging
import os
from collections.abc import Hashable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.contrasts import PAPER_SIX
from softcord.data.filehash import known_hashes
from softcord.data.identity import content_key
from softcord.data.labels import LABEL_OF_GT, warn_of_model_masks
from softcord.gt.dataset import build_dataset
from softcord.gt.settings import GtSettings
from softcord.gt.sidecar import is_ours, recorded_inputs
from softcord.gt.variant import gt_path, variant_name
from softcord.io.dataset_folder import claim_dataset_folder, dataset_folder
from softcord.rounds.drafts import is_from_round

logger = logging.getLogger("softcord")


def are_given(plan: Plan, table: pd.DataFrame, settings: GtSettings, contrasts: tuple[str, ...]) -> bool:
    """Whether soft labels were published, corrected or passed, so that none is built beside them."""
    labels = table[LABEL_OF_GT[settings.name]].dropna()
    if any(is_from_round(Path(one)) for one in labels):
        return True
    variant = variant_name(settings, contrasts)
    is_published = variant == variant_name(replace(GtSettings(), name=settings.name), PAPER_SIX)
    if labels.empty or not is_published:
        return False
    return not is_ours(derivatives_dir(plan) / variant / "dataset_description.json")


def with_soft_labels(
    plan: Plan, table: pd.DataFrame, settings: GtSettings, contrasts: tuple[str, ...]
) -> pd.DataFrame:
    """Return the table with the labels of one soft ground truth, built where they are missing or outdated.

    Published labels are used as they are: nothing is added to a folder that softcord did not make. So are
    labels that somebody corrected or passed, and then there is nothing to build beside them.
    """
    if table.empty or are_given(plan, table, settings, contrasts):
        return table
    variant = variant_name(settings, contrasts)
    # Kept for this dataset before it is looked into, lest another takes it between the look and the building.
    root = derivatives_dir(plan, for_writing=True)
    table = _with_labels_in(root / variant, table, settings)
    lacking = table.index.isin(
        list(_outdated(table, LABEL_OF_GT[settings.name], plan.paths.data_dir / "cache"))
    )
    if lacking.any():
        people = table.loc[lacking, "participant_id"].nunique()
        used = table.loc[lacking & table["contrast"].isin(contrasts), "hard_seg"].dropna()
        warn_of_model_masks(plan.data.name, used)
        logger.info("building the ground truth %s of %d participants", variant, people)
        with phase(f"ground truth {variant}", people) as on_done:
            report = build_dataset(
                table[lacking], root, settings, contrasts, jobs=jobs_of(plan), on_done=on_done
            )
        for row in report[report["status"] == "failed"].to_dict("records"):
            logger.warning("%s: no ground truth: %s", row["participant_id"], row["finding"])
        table = _with_labels_in(root / variant, table, settings)
    return table


def derivatives_dir(plan: Plan, *, for_writing: bool = False) -> Path:
    """Where ground truth is written: beside the data, or under ``paths.data`` where those are read-only.

    Asking writes nothing; ``for_writing`` keeps that folder for this dataset.
    """
    beside = plan.data.derivatives or plan.data.root / "derivatives"
    nearest = next(path for path in (beside, *beside.absolute().parents) if path.exists())
    if os.access(nearest, os.W_OK):
        return beside
    folder_of = claim_dataset_folder if for_writing else dataset_folder
    return folder_of(plan.paths.data_dir / "derivatives", plan.data.name, plan.data.root)


def _outdated(table: pd.DataFrame, column: str, cache_dir: Path) -> Iterable[Hashable]:
    """Yield the rows of participants with a label that is missing or made from other masks than these.

    The recorded checksums decide, as in `softcord prepare`; masks that did not change are not read again.
    """
    hashes = known_hashes(cache_dir)

    def checksum(path: Any) -> str | None:
        return content_key(path, cache_dir, hashes) if isinstance(path, str) else None

    for _, rows in table.groupby(["participant_id", "session_id"]):
        now = {
            row["contrast"]: (checksum(row["hard_seg"]), checksum(row["discs"]))
            for row in rows.to_dict("records")
        }
        if any(label is None or recorded_inputs(Path(label)) != now for label in rows[column]):
            yield from rows.index


def _with_labels_in(folder: Path, table: pd.DataFrame, settings: GtSettings) -> pd.DataFrame:
    paths = [gt_path(folder, image, settings) for image in table["image"]]
    there = [str(path) if path.exists() else None for path in paths]
    return table.assign(**{LABEL_OF_GT[settings.name]: pd.Series(there, index=table.index, dtype=object)})
