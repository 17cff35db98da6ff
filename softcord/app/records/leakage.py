"""Which runs of a comparison were trained on participants that they, or others, were tested on."""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

from softcord.data.filehash import checksum
from softcord.data.leakage import Seen, meets_own_training, seen_participants, trained_on_tests_of_another
from softcord.data.settings import read_persons
from softcord.data.splits import persons_of
from softcord.errors import DataError
from softcord.sweep.folder import TRAINED_ON, run_config

if TYPE_CHECKING:
    import pandas as pd

    from softcord.data.leakage import TrainedOn
    from softcord.data.settings import DataSettings

logger = logging.getLogger("softcord")


People = frozenset[tuple[str, str]]  # dataset and person


def warn_of_leakage(
    model: str,
    trained_on: "Iterable[TrainedOn]",
    images: Iterable[tuple[str, str]],
    data: "DataSettings | None" = None,
    digest: Callable[[str], str] = checksum,
) -> None:
    """Log a warning where a model meets participants that it was trained on (see :func:`leakage_of`)."""
    if said := leakage_of(model, trained_on, images, data, digest):
        logger.warning("%s", said)


def leakage_of(
    model: str,
    trained_on: "Iterable[TrainedOn]",
    images: Iterable[tuple[str, str]],
    data: "DataSettings | None" = None,
    digest: Callable[[str], str] = checksum,
) -> str:
    """Say in one sentence that a model meets participants that it was trained on; "" where it does not.

    Args:
        model: what to call it.
        trained_on: what it says about its training.
        images: participant and path of each image that it meets.
        data: their dataset, by whose rules two ids may be one person; None where there is none, so that only
            the images themselves count.
        digest: returns the SHA-256 of an image's file.
    """
    paths: dict[str, list[str]] = {}
    for participant, path in images:
        paths.setdefault(participant, []).append(path)
    trained_on = tuple(trained_on)
    name, persons = None, dict[str, str]()
    if data is not None:
        known = (one for part in trained_on for one in (*part.train_participants, *part.val_participants))
        name, persons = data.name, read_persons(data, {*paths, *known})
    seen = seen_participants(trained_on, name, paths, digest, persons)
    return meets_own_training(model, seen, len(paths)) if seen else ""


def leakage_notes(run_dirs: Sequence[Path], measures: "pd.DataFrame") -> list[str]:
    """Return a sentence for each run, or pair of runs, in which training and test participants meet.

    Runs of one method with the same participants are named once. Files without a training list beside them
    cannot be asked; where the list cannot be read, or a run has lost it, a sentence says so.
    """
    rows_of = {str(run): rows for run, rows in measures.groupby("run", observed=True)}
    trainings: dict[tuple[str, People, People], None] = {}
    tests: dict[tuple[str, People], None] = {}
    sentences: dict[str, None] = {}
    for run_dir in (one for one in run_dirs if one.name in rows_of):
        data = run_config(run_dir).get("data", {})
        method, people = _tested(rows_of[run_dir.name], data)
        try:
            train, val = _trained(run_dir, data)
        except DataError as error:
            sentences[f"Leakage: nobody knows whom {method} was trained on: {error}"] = None
            continue
        trainings[method, train, val] = tests[method, people] = None
        if seen := _seen(train, val, people):
            sentences[meets_own_training(method, seen, len(people))] = None
    for (model, train, val), (other, people) in product(trainings, tests):
        if model != other and (seen := _seen(train, val, people)):
            sentences[trained_on_tests_of_another(model, seen, len(people), other)] = None
    return list(sentences)


def _tested(rows: "pd.DataFrame", data: Mapping[str, Any]) -> tuple[str, People]:
    own = rows[~rows["method"].astype(str).str.startswith("GT_")]
    name = str(data.get("name", ""))
    people = _persons((_participant(name, str(one)) for one in own["participant_id"].unique()), data)
    return ", ".join(sorted(own["method"].astype(str).unique())), people


def _persons(people: Iterable[tuple[str, str]], data: Mapping[str, Any]) -> People:
    """Replace participants by persons, by the rules of their dataset: two ids may be one person."""
    members: dict[str, set[str]] = {}
    for dataset, participant in people:
        members.setdefault(dataset, set()).add(participant)
    found: set[tuple[str, str]] = set()
    for dataset, ids in members.items():
        rules = (data.get("datasets") or {}).get(dataset, data)
        groups = rules.get("same_person") or ()
        # With all of a group, so that a person is called the same whichever id is here.
        persons = persons_of(ids.union(*groups), rules.get("person_pattern"), groups)
        found |= {(dataset, persons[one]) for one in ids}
    return frozenset(found)


def _participant(dataset: str, participant_id: str) -> tuple[str, str]:
    """Tell dataset and participant apart, which ``dataset/sub-01`` says itself."""
    own, slash, participant = participant_id.rpartition("/")
    return (own, participant) if slash else (dataset, participant_id)


def _trained(run_dir: Path, data: Mapping[str, Any]) -> tuple[People, People]:
    path = run_dir / TRAINED_ON
    if not path.exists() and not (run_dir / "run.json").exists():
        return frozenset(), frozenset()  # measures of somebody else's
    try:
        parts = json.loads(path.read_text(encoding="utf-8"))
        train, val = (
            _persons(((part["dataset"], one) for part in parts for one in part[f"{side}_participants"]), data)
            for side in ("train", "val")
        )
    except FileNotFoundError as error:
        raise DataError(path, "is not there", "Make the run anew to be sure") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(path, "is damaged", "Restore it, or make the run anew to be sure") from error
    return train, val


def _seen(train: People, val: People, tested: People) -> Seen:
    return Seen(_names(train & tested), _names((val - train) & tested))


def _names(people: People) -> tuple[str, ...]:
    datasets = {dataset for dataset, _ in people}
    return tuple(sorted(one if len(datasets) == 1 else f"{dataset}/{one}" for dataset, one in people))
