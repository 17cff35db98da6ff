"""The images of a dataset that a trained model is tested on, with their ground truth where there is one."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from softcord.app.config.plan import Plan
from softcord.app.console.progress import phase
from softcord.app.inputs.training_data import (
    divided_participants,
    make_phantom,
    tested_images,
    true_csa_mm2,
)
from softcord.data.identity import dataset_identity
from softcord.data.labels import LABEL_OF_GT, Gt, choose_labels, warn_of_unused
from softcord.data.participants import read_participants
from softcord.data.sessions import read_sessions
from softcord.data.settings import make_split, read_index, read_persons
from softcord.data.spaces import warn_of_spaces
from softcord.errors import DataError, UsageError
from softcord.evaluation.measure import WORTH_PROCESSES
from softcord.io.masks import read_mask
from softcord.processes.parallel import parallel_map

if TYPE_CHECKING:
    from softcord.evaluation.settings import EvaluateSettings

logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class EvaluationData:
    """A dataset to test on: ``images`` as the index has them, with the column ``label`` (None: none).

    ``reference`` says which masks these labels are; None where no image has one (zero-shot). ``participants``
    and ``sessions`` are the rows of the tables of those names.
    """

    identity: str
    images: pd.DataFrame
    reference: Gt | None
    participants: pd.DataFrame
    sessions: pd.DataFrame


def open_test_data(plan: Plan, settings: "EvaluateSettings") -> EvaluationData:
    """Make the phantom if asked for, index, and choose participants and ground truth.

    Raises:
        DataError: data that are missing or cannot be used, by name.
    """
    if len(plan.datasets) > 1 or plan.draws_patches:
        hint = "Sweep over datasets with -m data=a,b"
        raise UsageError("data", f"{plan.choices['data']} is not one dataset to test on", hint)
    if plan.needs_phantom:
        make_phantom(plan)
    table = read_index(plan.data)
    with phase(f"checksums of {plan.data.name}", 0):
        identity = dataset_identity(plan.data.root, table, cache_dir=plan.paths.data_dir / "cache")
    if settings.participants == "test":
        participants = divided_participants(plan, table)
        split = make_split(plan.split, participants, read_persons(plan.data, participants))
        table = table[table["participant_id"].isin(split.test)]
    absent = int((table["image_state"] != "present").sum())
    if absent:
        logger.info("%d images are not downloaded and left out", absent)
    table = table[table["image_state"] == "present"].reset_index(drop=True)
    table = tested_images(plan, table) if len(table) else table
    table = table.assign(truth_csa_mm2=true_csa_mm2(plan, table["participant_id"]))
    if table.empty:
        raise DataError(plan.data.root, "has no image to test on", "Fetch it, or check data and split")
    reference = _reference(plan, table)
    people = read_participants(plan.data.root, table["participant_id"]).assign(dataset=plan.data.name)
    sessions = read_sessions(plan.data.root, table["participant_id"])
    images = _with_labels(plan, table, reference)
    warn_of_unused(plan.data.name, images)
    warn_of_spaces(plan.data.name, zip(images["image"], images["label"], strict=True))
    return EvaluationData(identity, images, reference, people, sessions)


def without_damaged_labels(data: EvaluationData, jobs: int) -> EvaluationData:
    """Return the dataset without the ground truth that cannot be read, each named in a warning.

    Read before anything is predicted, which may take hours: what cannot be measured does not end what can.
    """
    labels = [Path(label) for label in data.images["label"].dropna().unique()]
    checked = parallel_map(_check_readable, labels, jobs if len(labels) >= WORTH_PROCESSES else 1)
    damaged = {str(one.item): one.error for one in checked if one.error is not None}
    for error in damaged.values():
        logger.warning("predicted, not measured: %s", error)
    images = data.images
    images = images.assign(label=images["label"].mask(images["label"].astype(str).isin(damaged), None))
    return replace(data, images=images, reference=data.reference if images["label"].notna().any() else None)


def _check_readable(label: Path) -> None:
    read_mask(label)


def _reference(plan: Plan, table: pd.DataFrame) -> Gt | None:
    """Return the wanted kind of masks, or hard ones where the dataset has no soft ones."""
    has = {gt: bool(table[LABEL_OF_GT[gt]].notna().any()) for gt in ("soft", "hard")}
    if has[plan.reference]:
        return plan.reference
    if plan.reference == "soft" and has["hard"]:
        logger.info("%s has no soft ground truth: measured against its hard masks", plan.data.name)
        return "hard"
    return None


def _with_labels(plan: Plan, table: pd.DataFrame, reference: Gt | None) -> pd.DataFrame:
    if reference is None:
        return table.assign(label=None)
    labelled = choose_labels(table, reference, missing=plan.data.missing_labels)
    label_of = dict(zip(labelled["image"], labelled["label"], strict=True))
    lacking = len(table) - len(labelled)
    if lacking:
        logger.info("%d of %d images have no ground truth: predicted, not measured", lacking, len(table))
    labels = [label_of.get(image) for image in table["image"]]
    return table.assign(label=pd.Series(labels, index=table.index, dtype=object))
