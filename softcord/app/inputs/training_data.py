"""From a plan to data that a net can be trained and tested on: every stage before training."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from softcord.app.config.identity import digest
from softcord.app.config.plan import Plan, jobs_of
from softcord.app.console.progress import phase
from softcord.app.inputs.soft_labels import are_given, with_soft_labels
from softcord.contrasts import CONTRASTS, PAPER_SIX
from softcord.data.cache import CachedVolume, prepare_all
from softcord.data.identity import dataset_identity
from softcord.data.labels import (
    Gt,
    choose_labels,
    labelled_participants,
    name_images,
    warn_of_model_masks,
    warn_of_unused,
)
from softcord.data.participants import read_participants
from softcord.data.sessions import read_sessions
from softcord.data.settings import make_split, read_index, read_persons
from softcord.data.spaces import warn_of_spaces
from softcord.data.splits import SIDES, Split
from softcord.errors import DataError
from softcord.gt.settings import GtSettings
from softcord.hints import and_more
from softcord.io.pointer import read_pointer, way_to_download
from softcord.measure.level_text import format_levels
from softcord.phantom.dataset import write_dataset

logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class Dataset:
    """Indexed, split and labelled data.

    ``train`` and ``val`` have the training contrasts, ``test``, the images to measure, every contrast there
    is (with ``measured_on=val`` they are the validation participants'). The column ``label`` is what the net
    learns in the first two, and what predictions are measured against in the third; the column ``dataset`` is
    the dataset's name, ``truth_csa_mm2`` the true area that only phantoms have. Where patches are drawn
    or nothing is trained here, ``train`` and ``val`` are empty.
    ``participants`` are the rows of participants.tsv of everybody in the split, with the column dataset, and
    ``sessions`` those of their sessions.tsv.
    ``parts`` are the datasets one by one, with their own participant ids: of several, participants are called
    ``dataset/sub-01`` here, since two datasets may both have a sub-01.
    """

    identity: str
    split: Split
    train: pd.DataFrame
    val: pd.DataFrame
    test: pd.DataFrame
    participants: pd.DataFrame
    sessions: pd.DataFrame
    name: str
    parts: "tuple[Dataset, ...]" = ()


def open_dataset(plan: Plan) -> Dataset:
    """Make the phantom if asked for, index, split, build missing soft ground truth and choose labels.

    Raises:
        DataError: data that are missing or cannot be used, by name.
        UsageError: a split that leaks or is empty.
    """
    parts = [_open_one(one) for one in plan.for_each_dataset()]
    dataset = parts[0] if len(parts) == 1 else _joined(plan, parts)
    trains_here = plan.engine.trains_on_images
    for side in SIDES if trains_here else ("test",):
        if getattr(dataset, side).empty:
            otherwise = ", or measure those who validate: measured_on=val" if side == "test" else ""
            hint = f"Check split{otherwise}"
            raise DataError(f"split {plan.split_name}", f"leaves no image of the contrasts to {side}", hint)
    lacking = [one for one in plan.contrasts if one not in set(dataset.train["contrast"])]
    if trains_here and lacking:
        # The method is named after its contrasts, so that a model of two must not be called one of all six.
        hint = "Leave it out of contrasts, or see `softcord check`"
        raise DataError("contrasts", f"nobody who trains has {', '.join(lacking)}", hint)
    return dataset


def _open_one(plan: Plan) -> Dataset:
    if plan.needs_phantom:
        make_phantom(plan)
    table = read_index(plan.data)
    participants = divided_participants(plan, table)
    split = make_split(plan.split, participants, read_persons(plan.data, participants))
    if plan.engine.trains:
        table = _present(_of(table, split.participants), plan.contrasts)
    else:
        table = _present(_of(table, split.test), ())
    table = table.assign(dataset=plan.data.name, truth_csa_mm2=true_csa_mm2(plan, table["participant_id"]))
    is_soft = plan.gt.name != "hard"
    trained = table if plan.engine.trains_on_images else table[:0]
    if is_soft:
        trained = with_soft_labels(plan, trained, plan.gt, plan.contrasts)
    trained = trained[trained["contrast"].isin(plan.contrasts)]
    measured = _of(table, split.val if plan.measured_on == "val" else split.test)
    if plan.reference == "soft":
        measured = with_soft_labels(plan, measured, GtSettings(reference=plan.gt.reference), PAPER_SIX)
    measured = tested_images(plan, measured)
    with phase(f"checksums of {plan.data.name}", 0):
        identity = dataset_identity(plan.data.root, table, cache_dir=plan.paths.data_dir / "cache")
    dataset = Dataset(
        identity=identity,
        split=split,
        train=_labelled(_of(trained, split.train), plan.gt.name, plan),
        val=_labelled(_of(trained, split.val), plan.gt.name, plan),
        test=_labelled(measured, plan.reference, plan),
        participants=read_participants(plan.data.root, split.participants).assign(dataset=plan.data.name),
        sessions=read_sessions(plan.data.root, split.participants),
        name=plan.data.name,
    )
    hard = [dataset.train, dataset.val] if plan.gt.name == "hard" else []
    hard += [dataset.test] if plan.reference == "hard" else []
    warn_of_model_masks(plan.data.name, (path for part in hard for path in part["label"]))
    warn_of_unused(plan.data.name, table)
    used = [part[["image", "label"]] for part in (dataset.train, dataset.val, dataset.test)]
    warn_of_spaces(plan.data.name, (pair for part in used for pair in part.itertuples(index=False)))
    return dataset


def divided_participants(plan: Plan, table: pd.DataFrame) -> list[str]:
    """Return who is divided into sides: everybody, or whoever has a label to learn from.

    Raises:
        DataError: nobody has such a label, or somebody who is held out has none.
    """
    if not plan.split.labelled_only:
        return list(table["participant_id"].unique())
    images = table[table["contrast"].isin(plan.contrasts)]
    will_build = plan.gt.name != "hard" and not are_given(plan, images, plan.gt, plan.contrasts)
    found = labelled_participants(images, plan.gt.name, or_masks=will_build)
    label = f"{plan.gt.name} label of {', '.join(plan.contrasts)}"
    if not found:
        what = f"nobody has a {label}, and only these are divided"
        raise DataError(f"split {plan.split_name}", what, "Label images first, or see `softcord check`")
    there = set(table["participant_id"])
    for one in (*plan.split.hold_out_val, *plan.split.hold_out_test):
        if one in there and one not in found:
            what = f"{one} is held out and has no {label}"
            raise DataError(f"split {plan.split_name}", what, "Label it first, or hold out somebody else")
    return found


def _joined(plan: Plan, parts: Sequence[Dataset]) -> Dataset:
    """Join datasets into one whose participants are told apart by their dataset's name."""

    def joined(name: str) -> pd.DataFrame:
        tables = [_renamed(getattr(part, name), part.name) for part in parts]
        return pd.concat(tables, ignore_index=True)

    sides = {
        side: tuple(participant_key(part.name, one) for part in parts for one in getattr(part.split, side))
        for side in SIDES
    }
    return Dataset(
        identity=f"sha256:{digest({part.name: part.identity for part in parts})}",
        split=Split(**sides, name=plan.split_name),
        train=joined("train"),
        val=joined("val"),
        test=joined("test"),
        participants=joined("participants"),
        sessions=joined("sessions"),
        name=plan.data_name,
        parts=tuple(parts),
    )


def participant_key(dataset: str, participant_id: str) -> str:
    """Return what a participant of one of several datasets is called: ``dataset/sub-01``."""
    return f"{dataset}/{participant_id}"


def _renamed(table: pd.DataFrame, dataset: str) -> pd.DataFrame:
    ids = [participant_key(dataset, one) for one in table["participant_id"]]
    return table.assign(participant_id=ids)


def counts(dataset: Dataset) -> pd.DataFrame:
    """Return how many images of each dataset and contrast train, validate and test."""
    sides = {side: getattr(dataset, side).groupby(["dataset", "contrast"]).size() for side in SIDES}
    table = pd.DataFrame(sides).fillna(0).astype(int)
    order = {key: place for place, key in enumerate(CONTRASTS)}
    return table.sort_index(level="contrast", key=lambda names: names.map(order), sort_remaining=False)


def tested_images(plan: Plan, table: pd.DataFrame) -> pd.DataFrame:
    """Return the images of the contrasts that are to be tested, all by default; name those nobody trained on.

    Raises:
        DataError: a contrast that no image has.
    """
    there = list(dict.fromkeys(table["contrast"]))
    for contrast in plan.tested_contrasts or ():
        if contrast not in there:
            what = f"nobody who is tested has {contrast}"
            raise DataError("tested_contrasts", what, f"There are {', '.join(there) or 'no images'}")
    if plan.tested_contrasts is not None:
        table = table[table["contrast"].isin(plan.tested_contrasts)]
    return table


def log_counts(dataset: Dataset) -> None:
    """Log how many participants and images of each dataset train, validate and test."""
    table = counts(dataset)
    for part in dataset.parts or (dataset,):
        people = "/".join(str(len(getattr(part.split, side))) for side in SIDES)
        rows = table.xs(part.name, level="dataset").itertuples()
        images = ", ".join(f"{contrast} {'/'.join(map(str, row))}" for contrast, *row in rows)
        logger.info("%s: %s participants to train/validate/test; images: %s", part.name, people, images)


def make_phantom(plan: Plan) -> None:
    """Write the phantom dataset, or recognise that it is there."""
    settings = plan.phantom()
    with phase(f"phantom {settings.name}", settings.n_participants) as on_done:
        write_dataset(settings, plan.data.root, jobs=jobs_of(plan), on_done=on_done)


def cached_volumes(plan: Plan, table: pd.DataFrame, name: str) -> list[CachedVolume]:
    """Return the cached volumes of a table's images and labels, in its order, made where they are missing.

    Raises:
        DataError: files that cannot be used; the first is named.
    """
    pairs = [(Path(image), Path(label)) for image, label in zip(table["image"], table["label"], strict=True)]
    with phase(f"{name} volumes", len(pairs)) as on_done:
        outcomes = prepare_all(
            pairs, plan.paths.data_dir / "cache", plan.volumes, jobs=jobs_of(plan), on_done=on_done
        )
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        what = f"{str(failed[0].error).rstrip('.')}{and_more(len(failed) - 1)}"
        raise DataError(f"{name} images", what, "Leave them out with data.exclude if they cannot be repaired")
    return [outcome.value for outcome in outcomes if outcome.value]


def true_csa_mm2(plan: Plan, participants: "pd.Series[str]") -> "pd.Series[float]":
    """Return the true CSA over the wanted levels of each participant, NaN where there is none to know."""
    path = (plan.data.derivatives or plan.data.root / "derivatives") / "truth" / "csa.tsv"
    if not path.exists():
        return pd.Series(float("nan"), index=participants.index)
    table = pd.read_csv(path, sep="\t", dtype={"level": str})
    wanted = table[table["level"] == format_levels(plan.levels)]
    truth = dict(zip(wanted["participant_id"], wanted["csa_mm2"].astype(float), strict=True))
    return participants.map(truth).astype(float)


def _present(table: pd.DataFrame, contrasts: tuple[str, ...]) -> pd.DataFrame:
    """Return the images that are there; those of training contrasts have to be."""
    absent = table[table["image_state"] != "present"]
    needed = absent[absent["contrast"].isin(contrasts)]
    if len(needed):
        what = f"{len(needed)} images are not downloaded or broken: {name_images(needed)}"
        first = needed.iloc[0]["image"]
        raise DataError(first, what, way_to_download(read_pointer(first)))
    if len(absent):
        logger.info("%d images of other contrasts are not downloaded and left out", len(absent))
    return table[table["image_state"] == "present"]


def _of(table: pd.DataFrame, participants: tuple[str, ...]) -> pd.DataFrame:
    return table[table["participant_id"].isin(participants)]


def _labelled(table: pd.DataFrame, gt: Gt, plan: Plan) -> pd.DataFrame:
    return choose_labels(table, gt, missing=plan.data.missing_labels)
