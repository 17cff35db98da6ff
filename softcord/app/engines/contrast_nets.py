"""One model per contrast: trainings of their own below the run, and a predictor that asks the right one."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from softcord.app.config.plan import Plan
from softcord.app.engine import AfterEpoch
from softcord.app.engines.child_runs import child_of, train_child
from softcord.app.engines.net import NetTraining, load_net, prepare_net
from softcord.app.inputs.training_data import Dataset
from softcord.errors import DataError, RunError
from softcord.evaluation.image import EvaluationImage
from softcord.evaluation.run import Predictor
from softcord.io.nifti import Volume
from softcord.processes.parallel import parallel_map
from softcord.sweep.folder import MODELS
from softcord.track.store import RunRecord
from softcord.uncertainty.ensemble import Ensemble


@dataclass(frozen=True)
class ByContrast:
    """Predict each image by the model of its contrast."""

    models: Mapping[str, Predictor]

    def __call__(self, image: EvaluationImage) -> Volume:
        """Return the soft mask of an image in the image's own space."""
        return self.models[image.contrast](image)

    def how_sure(self, image: EvaluationImage, softseg: Volume) -> Ensemble:
        """Return the readings of an image by the model of its contrast."""
        return self.models[image.contrast].how_sure(image, softseg)


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
    threads = max(1, torch.get_num_threads() // min(plan.machine.trainings, len(trainings)))
    children = [
        child_of(run_dir, entry, key, {"contrasts": key}, training, run_dir / MODELS / key, threads)
        for key, training in trainings.items()
    ]
    # A model that fails does not stop the others; the next start trains only those that are missing.
    outcomes = list(parallel_map(train_child, children, plan.machine.trainings))
    failed = [outcome for outcome in outcomes if outcome.error]
    if failed:
        names = ", ".join(outcome.item.name for outcome in failed)
        what = f"{len(failed)} of {len(children)} models failed ({names}): {failed[0].error}"
        raise RunError(run_dir.name, what, "The same command trains only those again")
    return ByContrast({child.name: load_net(plan, child.run_dir) for child in children})
