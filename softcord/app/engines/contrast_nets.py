"""One model per contrast: trainings of their own below the run, and a predictor that asks the right one."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from softcord.app.config.identity import digest
from softcord.app.config.plan import Plan
from softcord.app.console.terminal import logging_to, start_logging
from softcord.app.engine import AfterEpoch, Predict
from softcord.app.engines.net import NetTraining, load_net, prepare_net
from softcord.app.inputs.training_data import Dataset
from softcord.app.records.record import recorded
from softcord.errors import DataError, RunError
from softcord.evaluation.image import EvaluationImage
from softcord.io.nifti import Volume
from softcord.processes.parallel import parallel_map
from softcord.sweep.folder import LOG, MODELS
from softcord.sweep.ledger import Run, attempt, claim, read_run
from softcord.track.store import RunRecord, StudyRecord
from softcord.train.threads import computing_in

logger = logging.getLogger("softcord")


@dataclass(frozen=True)
class Child:
    """The training on one contrast: a run of its own, in a folder below that of the run it belongs to."""

    contrast: str
    training: NetTraining
    run: Run
    run_dir: Path
    study: StudyRecord


@dataclass(frozen=True)
class ByContrast:
    """Predict each image by the model of its contrast."""

    models: Mapping[str, Predict]

    def __call__(self, image: EvaluationImage) -> Volume:
        """Return the soft mask of an image in the image's own space."""
        return self.models[image.contrast](image)


def prepare_contrast_nets(plan: Plan, dataset: Dataset) -> NetTraining:
    """Prepare every training and validation image; return what trains one net on those of each contrast.

    Raises:
        DataError: images that cannot be used, or a contrast without training or validation image.
    """
    trainings = {
        contrast: prepare_net(plan, _reduced(plan, dataset, contrast), contrast)
        for contrast in plan.contrasts
    }
    return partial(_train_all, plan, trainings)


def _reduced(plan: Plan, dataset: Dataset, contrast: str) -> Dataset:
    """Return the dataset with training and validation images of one contrast only."""
    train = dataset.train[dataset.train["contrast"] == contrast]
    val = dataset.val[dataset.val["contrast"] == contrast]
    for table, name in ((train, "training"), (val, "validation")):
        if table.empty:
            what = f"has no {name} image of {contrast}, which a model of its own needs"
            raise DataError(f"split {plan.split.name}", what, "Name other contrasts or change the split")
    return replace(dataset, train=train, val=val)


def _train_all(
    plan: Plan,
    trainings: Mapping[str, NetTraining],
    run_dir: Path,
    entry: RunRecord,
    _after_epoch: AfterEpoch | None,  # no single epoch has a predictor for all contrasts
) -> ByContrast:
    parent = read_run(run_dir)
    assert parent is not None
    assert entry.run_id is not None
    study = replace(entry.study, parent_run_id=entry.run_id)
    threads = max(1, torch.get_num_threads() // min(plan.machine.trainings, len(trainings)))
    children = [
        Child(contrast, training, _child_run(parent, contrast, threads), run_dir / MODELS / contrast, study)
        for contrast, training in trainings.items()
    ]
    # A model that fails does not stop the others; the next start trains only those that are missing.
    outcomes = list(parallel_map(_train_child, children, plan.machine.trainings))
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        names = ", ".join(outcome.item.contrast for outcome in failed)
        what = f"{len(failed)} of {len(children)} models failed ({names}): {failed[0].error}"
        raise RunError(run_dir.name, what, "The same command trains only those again")
    return ByContrast({child.contrast: load_net(plan, child.run_dir) for child in children})


def _child_run(parent: Run, contrast: str, threads: int) -> Run:
    return Run(
        name=f"{parent.name}-{contrast}",
        study=parent.study,
        method=f"{parent.method}-{contrast}",
        seed=parent.seed,
        fingerprint=digest([parent.fingerprint, contrast]),
        config_hash=parent.config_hash,
        overrides=parent.overrides,
        threads=threads,
        precision=parent.precision,
        channels_last=parent.channels_last,
    )


def _train_child(child: Child) -> None:
    """Train the model of one contrast, or go on with it; leave a finished one alone."""
    if not logger.handlers:  # a process of its own
        start_logging()
    with claim(child.run_dir):
        run = read_run(child.run_dir) or child.run
        run = replace(run, threads=run.threads or child.run.threads)
        if run.is_complete:
            logger.info("%s is complete", run.name)
            return
        logger.info("the model of %s", child.contrast)
        with (
            logging_to(child.run_dir / LOG),
            computing_in(run.threads),
            attempt(child.run_dir, run) as begun,
            recorded(child.run_dir, begun, child.study) as entry,
        ):
            entry.tag({"contrasts": child.contrast, "method": run.method, "fingerprint": run.fingerprint})
            child.training(child.run_dir, entry, None)
