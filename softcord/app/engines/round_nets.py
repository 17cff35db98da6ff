"""Nets that are trained in rounds: choose images by the last model's masks, learn from them, choose again."""

import logging
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from softcord.app.config.plan import Plan
from softcord.app.engine import AfterEpoch
from softcord.app.engines.child_runs import child_of, train_child
from softcord.app.engines.net import NetPredictor, NetTraining, load_net, predictor_of, prepare_net
from softcord.app.inputs.training_data import Dataset, cached_volumes
from softcord.errors import DataError
from softcord.evaluation.image import unique_name
from softcord.evaluation.run import Predictor
from softcord.hints import counted
from softcord.io.nifti import Volume, read_volume
from softcord.predict.check_image import read_checked
from softcord.predict.readings import read_again
from softcord.predict.volume import PredictSettings, predict_volume
from softcord.rounds.candidates import sites_in
from softcord.rounds.choose import Candidate, choose, choose_by_chance
from softcord.rounds.drafts import correction_of
from softcord.rounds.ledger import Looked, add_looked
from softcord.rounds.settings import RoundSettings
from softcord.sweep.folder import ROUNDS, ROUNDS_TABLE
from softcord.track.store import RunRecord
from softcord.uncertainty.quality import quality_of

logger = logging.getLogger("softcord")


def prepare_rounds(plan: Plan, rounds: RoundSettings, dataset: Dataset) -> NetTraining:
    """Look at every training and validation image; return what trains on more of them in each round.

    Raises:
        DataError: images that cannot be used, or fewer than the rounds would choose.
    """
    wanted, there = rounds.rounds * rounds.images_a_round, len(dataset.train)
    if wanted > there:
        asked = f"{rounds.rounds} rounds of {rounds.images_a_round}"
        what = f"has {there} training images, and {asked} need {wanted}"
        raise DataError(f"split {plan.split_name}", what, "Choose fewer or change the split")
    cached_volumes(plan, dataset.train, "training")
    cached_volumes(plan, dataset.val, "validation")
    return partial(_train_rounds, plan, rounds, dataset)


def _train_rounds(
    plan: Plan,
    rounds: RoundSettings,
    dataset: Dataset,
    run_dir: Path,
    entry: RunRecord,
    _after_epoch: AfterEpoch | None,  # no single epoch stands for all rounds
) -> NetPredictor:
    start = plan.starting_model()
    assert start is not None
    predict, sites = predictor_of(plan, start), sites_in(dataset.participants)
    taken: list[str] = []
    for number in range(1, rounds.rounds + 1):
        left = dataset.train[~dataset.train["image"].isin(taken)]
        chosen = _next(rounds, number, plan.seed, left, sites, predict)
        _note(run_dir / ROUNDS / ROUNDS_TABLE, number, predict.model.description.name, chosen)
        taken += [one.row["image"] for one in chosen]
        logger.info("round %d of %d: %s", number, rounds.rounds, counted(len(taken), "image"))
        part = replace(dataset, train=dataset.train[dataset.train["image"].isin(taken)])
        training = prepare_net(plan, part)
        if number == rounds.rounds:
            return training(run_dir, entry, None)
        predict = _train_one(plan, number, training, run_dir, entry)
    raise AssertionError("there is one round at least")


def _train_one(plan: Plan, number: int, training: NetTraining, run_dir: Path, entry: RunRecord) -> Predictor:
    """Train in a folder and a record of the round's own; return what predicts with it."""
    name, threads = f"round{number}", torch.get_num_threads()
    folder = run_dir / ROUNDS / name
    child = child_of(run_dir, entry, name, {"round": str(number)}, training, folder, threads)
    train_child(child)
    return load_net(plan, child.run_dir)


@dataclass(frozen=True)
class _Seen:
    """A training image by its name, and what the last model made of it."""

    name: str
    row: Mapping[Hashable, Any]
    softseg: Volume
    score: float


def _next(
    rounds: RoundSettings,
    number: int,
    seed: int,
    left: pd.DataFrame,
    sites: Mapping[str, str],
    predict: Predictor,
) -> list[_Seen]:
    """Return the images that a round adds."""
    rows: dict[str, Mapping[Hashable, Any]] = {
        unique_name(row["participant_id"], Path(row["image"])): row for row in left.to_dict("records")
    }
    if rounds.choice == "chance":
        unseen = [Candidate(name, row["contrast"], "", 0.0) for name, row in rows.items()]
        drawn = choose_by_chance(unseen, rounds.images_a_round, [seed, number])
        return [_see(one.name, rows[one.name], rounds, predict) for one in drawn]
    seen = {name: _see(name, row, rounds, predict) for name, row in rows.items()}
    candidates = [
        Candidate(one.name, one.row["contrast"], sites.get(one.row["participant_id"], ""), one.score)
        for one in seen.values()
    ]
    return [seen[one.name] for one in choose(candidates, rounds.images_a_round, {}, ())]


def _see(name: str, row: Mapping[Hashable, Any], rounds: RoundSettings, predict: Predictor) -> _Seen:
    """Let a model read an image, as often as the choice needs."""
    model, settings = predict.model, PredictSettings(apply=predict.apply)
    image = read_checked(Path(row["image"]), model.description.spacing_mm)
    made = predict_volume(model, image, settings)
    softseg = made.softseg
    if rounds.choice == "chance":
        return _Seen(name, row, softseg, 0.0)
    disagreement = read_again(model, image, softseg, settings, seen=made.seen).disagreement
    if rounds.choice == "disagreement":
        return _Seen(name, row, softseg, -disagreement)
    return _Seen(name, row, softseg, quality_of(image, softseg, disagreement).score)


def _note(path: Path, number: int, model: str, chosen: Sequence[_Seen]) -> None:
    """Add the chosen images to the run's table of rounds: what the annotator had to correct."""
    rows = []
    for one in chosen:
        made = correction_of("corrected", one.softseg, read_volume(Path(one.row["label"])).data)
        rows.append(
            Looked(
                number,
                model,
                one.name,
                one.row["contrast"],
                made.taken,
                **made.written(),
                by="simulated annotator",
            )
        )
    add_looked(path, rows)
