"""Which runs of a comparison were trained on participants that they, or others, were tested on."""

import json
import logging
from collections.abc import Callable, Iterable, Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.data.filehash import checksum
from softcord.data.leakage import Seen, meets_own_training, seen_participants, trained_on_tests_of_another

if TYPE_CHECKING:
    import pandas as pd

    from softcord.data.leakage import TrainedOn

logger = logging.getLogger("softcord")

TRAINED_ON = "trained_on.json"  # beside measures.csv: what the model of a run says about its training

People = frozenset[tuple[str, str]]  # dataset and participant


def warn_of_leakage(
    model: str,
    trained_on: "Iterable[TrainedOn]",
    images: Iterable[tuple[str, str]],
    dataset: str | None = None,
    digest: Callable[[str], str] = checksum,
) -> None:
    """Log a warning where a model meets participants that it was trained on.

    Args:
        model: what to call it.
        trained_on: what it says about its training.
        images: participant and path of each image that it meets.
        dataset: name of their dataset; None where it has none, so that only the images themselves count.
        digest: returns the SHA-256 of an image's file.
    """
    paths: dict[str, list[str]] = {}
    for participant, path in images:
        paths.setdefault(participant, []).append(path)
    seen = seen_participants(trained_on, dataset, paths, digest)
    if seen:
        logger.warning("%s", meets_own_training(model, seen, len(paths)))


def leakage_notes(run_dirs: Sequence[Path], measures: "pd.DataFrame") -> list[str]:
    """Return a sentence for each run, or pair of runs, in which training and test participants meet.

    Runs of one method with the same participants are named once. Files without a training list beside them
    cannot be asked.
    """
    rows_of = {str(run): rows for run, rows in measures.groupby("run", observed=True)}
    trainings: dict[tuple[str, People, People], None] = {}
    tests: dict[tuple[str, People], None] = {}
    sentences: dict[str, None] = {}
    for run_dir in (one for one in run_dirs if one.name in rows_of):
        method, people = _tested(run_dir, rows_of[run_dir.name])
        train, val = _trained(run_dir)
        trainings[method, train, val] = tests[method, people] = None
        if seen := _seen(train, val, people):
            sentences[meets_own_training(method, seen, len(people))] = None
    for (model, train, val), (other, people) in product(trainings, tests):
        if model != other and (seen := _seen(train, val, people)):
            sentences[trained_on_tests_of_another(model, seen, len(people), other)] = None
    return list(sentences)


def _tested(run_dir: Path, rows: "pd.DataFrame") -> tuple[str, People]:
    import yaml

    own = rows[~rows["method"].astype(str).str.startswith("GT_")]
    path = run_dir / "config.yaml"
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    config = yaml.load(path.read_text(encoding="utf-8"), Loader=loader) if path.exists() else {}
    dataset = str(config.get("data", {}).get("name", ""))
    people = frozenset(_person(dataset, str(one)) for one in own["participant_id"].unique())
    return ", ".join(sorted(own["method"].astype(str).unique())), people


def _person(dataset: str, participant_id: str) -> tuple[str, str]:
    """Tell dataset and participant apart, which ``dataset/sub-01`` says itself."""
    own, slash, participant = participant_id.rpartition("/")
    return (own, participant) if slash else (dataset, participant_id)


def _trained(run_dir: Path) -> tuple[People, People]:
    try:
        parts = json.loads((run_dir / TRAINED_ON).read_text(encoding="utf-8"))
        train, val = (
            frozenset((part["dataset"], one) for part in parts for one in part[f"{side}_participants"])
            for side in ("train", "val")
        )
    except (OSError, ValueError, KeyError, TypeError):
        return frozenset(), frozenset()
    return train, val


def _seen(train: People, val: People, tested: People) -> Seen:
    return Seen(_names(train & tested), _names((val - train) & tested))


def _names(people: People) -> tuple[str, ...]:
    datasets = {dataset for dataset, _ in people}
    return tuple(sorted(one if len(datasets) == 1 else f"{dataset}/{one}" for dataset, one in people))
