"""From a plan to data that a net can be trained and tested on: every stage before training."""

import logging
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.plan import Plan
from softcord.app.progress import phase
from softcord.contrasts import PAPER_SIX
from softcord.data.cache import CachedVolume, prepare_all
from softcord.data.identity import dataset_identity
from softcord.data.labels import LABEL_OF_GT, Gt, choose_labels, name_images
from softcord.data.settings import make_split, read_index, read_persons
from softcord.data.splits import Split
from softcord.errors import DataError
from softcord.gt.dataset import build_dataset
from softcord.gt.settings import GtSettings
from softcord.gt.sidecar import is_ours
from softcord.gt.variant import gt_path, variant_name

if TYPE_CHECKING:
    import pandas as pd

logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class Dataset:
    """Indexed, split and labelled data.

    ``train`` and ``val`` have the training contrasts, ``test``, the images to measure, every contrast there
    is (with ``measured_on=val`` they are the validation participants'). The column ``label`` is what the net
    learns in the first two, and what predictions are measured against in the third. Where patches are drawn,
    ``train`` and ``val`` are empty.
    """

    identity: str
    split: Split
    train: "pd.DataFrame"
    val: "pd.DataFrame"
    test: "pd.DataFrame"


def open_dataset(plan: Plan) -> Dataset:
    """Make the phantom if asked for, index, split, build missing soft ground truth and choose labels.

    Raises:
        DataError: data that are missing or cannot be used, by name.
        UsageError: a split that leaks or is empty.
    """
    if plan.needs_phantom:
        make_phantom(plan)
    table = read_index(plan.data)
    participants = table["participant_id"].unique()
    split = make_split(plan.split, participants, read_persons(plan.data, participants))
    table = _present(_of(table, split.participants), plan.contrasts)
    is_soft = plan.gt.name != "hard"
    trained = table[:0] if plan.is_synthetic else table
    if is_soft and len(trained):
        trained = _with_soft_labels(plan, trained, plan.gt, plan.contrasts)
    trained = trained[trained["contrast"].isin(plan.contrasts)]
    measured = _of(table, split.val if plan.measured_on == "val" else split.test)
    if plan.reference == "soft":
        measured = _with_soft_labels(plan, measured, GtSettings(reference=plan.gt.reference), PAPER_SIX)
    return Dataset(
        identity=dataset_identity(plan.data.root, table, cache_dir=plan.data_dir / "cache"),
        split=split,
        train=_labelled(_of(trained, split.train), plan.gt.name, plan, "train"),
        val=_labelled(_of(trained, split.val), plan.gt.name, plan, "val"),
        test=_labelled(measured, plan.reference, plan, "test"),
    )


def make_phantom(plan: Plan) -> None:
    """Write the phantom dataset, or recognise that it is there."""
    from softcord.phantom.dataset import write_dataset

    settings = plan.phantom()
    with phase(f"phantom {settings.name}", settings.n_participants) as on_done:
        write_dataset(settings, plan.data.root, jobs=jobs_of(plan), on_done=on_done)


def cached_volumes(plan: Plan, table: "pd.DataFrame", name: str) -> list[CachedVolume]:
    """Return the cached volumes of a table's images and labels, in its order, made where they are missing.

    Raises:
        DataError: files that cannot be used; the first is named.
    """
    pairs = [(Path(image), Path(label)) for image, label in zip(table["image"], table["label"], strict=True)]
    with phase(f"{name} volumes", len(pairs)) as on_done:
        outcomes = prepare_all(
            pairs, plan.data_dir / "cache", plan.volumes, jobs=jobs_of(plan), on_done=on_done
        )
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        more = f" (and {len(failed) - 1} more images)" if len(failed) > 1 else ""
        what = f"{str(failed[0].error).rstrip('.')}{more}"
        raise DataError(f"{name} images", what, "Leave them out with data.exclude if they cannot be repaired")
    return [outcome.value for outcome in outcomes if outcome.value]


def jobs_of(plan: Plan) -> int:
    """Return how many processes the machine settings allow."""
    return plan.machine.jobs or os.cpu_count() or 1


def _present(table: "pd.DataFrame", contrasts: tuple[str, ...]) -> "pd.DataFrame":
    """Return the images that are there; those of training contrasts have to be."""
    absent = table[table["image_state"] != "present"]
    needed = absent[absent["contrast"].isin(contrasts)]
    if len(needed):
        what = f"{len(needed)} images are not downloaded or broken: {name_images(needed)}"
        raise DataError(needed.iloc[0]["image"], what, "Fetch them with `softcord fetch` or `git annex get`")
    if len(absent):
        logger.info("%d images of other contrasts are not downloaded and left out", len(absent))
    return table[table["image_state"] == "present"]


def _of(table: "pd.DataFrame", participants: tuple[str, ...]) -> "pd.DataFrame":
    return table[table["participant_id"].isin(participants)]


def _with_soft_labels(
    plan: Plan, table: "pd.DataFrame", settings: GtSettings, contrasts: tuple[str, ...]
) -> "pd.DataFrame":
    """Return the table with the labels of one soft ground truth, built where they are missing or outdated.

    Published labels are used as they are: nothing is added to a folder that softcord did not make.
    """
    variant = variant_name(settings, contrasts)
    root = derivatives_dir(plan)
    description = root / variant / "dataset_description.json"
    is_published = variant == variant_name(replace(GtSettings(), name=settings.name), PAPER_SIX)
    if is_published and not is_ours(description) and table[LABEL_OF_GT[settings.name]].notna().any():
        return table
    table = _with_labels_in(root / variant, table, settings)
    outdated = [
        _is_outdated(label, mask)
        for label, mask in zip(table[LABEL_OF_GT[settings.name]], table["hard_seg"], strict=True)
    ]
    lacking = table["participant_id"].isin(table.loc[outdated, "participant_id"])
    if lacking.any():
        people = table.loc[lacking, "participant_id"].nunique()
        logger.info("building the ground truth %s of %d participants", variant, people)
        with phase(f"ground truth {variant}", people) as on_done:
            report = build_dataset(
                table[lacking], root, settings, contrasts, jobs=jobs_of(plan), on_done=on_done
            )
        for row in report[report["status"] == "failed"].to_dict("records"):
            logger.warning("%s: no ground truth: %s", row["participant_id"], row["finding"])
        table = _with_labels_in(root / variant, table, settings)
    return table


def _is_outdated(label: str | None, mask: str | None) -> bool:
    """Whether a label is missing, or older than the mask it was made from."""
    if label is None:
        return True
    return mask is not None and os.stat(mask).st_mtime_ns > os.stat(label).st_mtime_ns


def _with_labels_in(folder: Path, table: "pd.DataFrame", settings: GtSettings) -> "pd.DataFrame":
    import pandas as pd

    paths = [gt_path(folder, image, settings) for image in table["image"]]
    there = [str(path) if path.exists() else None for path in paths]
    return table.assign(**{LABEL_OF_GT[settings.name]: pd.Series(there, index=table.index, dtype=object)})


def derivatives_dir(plan: Plan) -> Path:
    """Where ground truth is written: beside the data, or under ``paths.data`` where those are read-only."""
    beside = plan.data.derivatives or plan.data.root / "derivatives"
    nearest = next(path for path in (beside, *beside.absolute().parents) if path.exists())
    return beside if os.access(nearest, os.W_OK) else plan.data_dir / "derivatives" / plan.data.name


def _labelled(table: "pd.DataFrame", gt: Gt, plan: Plan, side: str) -> "pd.DataFrame":
    if table.empty and plan.is_synthetic and side != "test":
        return table  # what trains is drawn
    if table.empty:
        raise DataError(
            f"split {plan.split.name}", f"leaves no image of the contrasts to {side}", "Check split"
        )
    return choose_labels(table, gt, missing=plan.data.missing_labels)
