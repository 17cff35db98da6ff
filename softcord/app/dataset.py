"""From a plan to data that a net can be trained and tested on: every stage before training."""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from softcord.app.plan import Plan
from softcord.data.identity import dataset_identity
from softcord.data.labels import choose_labels
from softcord.data.settings import make_split, read_index, read_persons
from softcord.data.splits import Split
from softcord.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class Dataset:
    """Indexed, split and labelled data.

    ``train`` and ``val`` have the training contrasts, ``test`` every contrast there is. The column ``label``
    is what the net learns in the first two, and what predictions are measured against in the third.
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
    if plan.choices["data"] == "phantom":
        make_phantom(plan)
    table = read_index(plan.data)
    _check_present(table)
    participants = table["participant_id"].unique()
    split = make_split(plan.split, participants, read_persons(plan.data, participants))
    if plan.gt.name != "hard":
        trained = _with_soft_labels(plan, table, plan.gt, plan.contrasts)
    else:
        trained = table
    trained = trained[trained["contrast"].isin(plan.contrasts)]
    measured = _of(table, split.test)
    if plan.reference == "soft":
        measured = _with_soft_labels(plan, measured, GtSettings(), PAPER_SIX)
    return Dataset(
        identity=dataset_identity(plan.data.root, table, plan.data_dir / "cache"),
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


def jobs_of(plan: Plan) -> int:
    """Return how many processes the machine settings allow."""
    return plan.machine.jobs or os.cpu_count() or 1


def _check_present(table: "pd.DataFrame") -> None:
    absent = table[table["image_state"] != "present"]
    if len(absent):
        what = f"{len(absent)} images are not downloaded or broken: {name_images(absent)}"
        raise DataError(absent.iloc[0]["image"], what, "Fetch them with `softcord fetch` or `git annex get`")


def _of(table: "pd.DataFrame", participants: tuple[str, ...]) -> "pd.DataFrame":
    return table[table["participant_id"].isin(participants)]


def _with_soft_labels(
    plan: Plan, table: "pd.DataFrame", settings: GtSettings, contrasts: tuple[str, ...]
) -> "pd.DataFrame":
    """Return the table with ``soft_seg`` from the wanted recipe, built where it is missing."""
    variant = variant_name(settings, contrasts)
    if variant == "labels_softseg" and table["soft_seg"].notna().all():
        return table
    root = derivatives_dir(plan) / variant
    table = table.assign(soft_seg=[_existing(softseg_path(root, image)) for image in table["image"]])
    lacking = table.groupby("participant_id")["soft_seg"].transform(lambda paths: paths.isna().all())
    if lacking.any():
        people = table.loc[lacking, "participant_id"].nunique()
        logger.info("building the soft ground truth %s of %d participants", variant, people)
        with phase(f"soft GT {variant}", people) as on_done:
            build_dataset(table[lacking], root.parent, settings, contrasts, jobs=jobs_of(plan), on_done=on_done)
        table = table.assign(soft_seg=[_existing(softseg_path(root, image)) for image in table["image"]])
    return table


def derivatives_dir(plan: Plan) -> Path:
    """Where ground truth is written: beside the data, or under ``paths.data`` where those are read-only."""
    beside = plan.data.derivatives or plan.data.root / "derivatives"
    nearest = next(path for path in (beside, *beside.absolute().parents) if path.exists())
    return beside if os.access(nearest, os.W_OK) else plan.data_dir / "derivatives" / plan.data.name


def _existing(path: str) -> str | None:
    return path if os.path.exists(path) else None


def _labelled(table: "pd.DataFrame", gt: Gt, plan: Plan, side: str) -> "pd.DataFrame":
    if table.empty:
        raise DataError(f"split {plan.split.name}", f"leaves no image of the contrasts to {side}", "Check split")
    source: Gt = "hard" if gt == "hard" else "soft"
    return choose_labels(table, source, missing=plan.data.missing_labels)
