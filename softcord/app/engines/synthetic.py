"""Train on drawn patches: ``data=synthetic``."""

from functools import partial
from typing import TYPE_CHECKING

from softcord.app.engines.model_description import describe_model
from softcord.app.engines.softcord import train_and_load

if TYPE_CHECKING:
    from softcord.app.config.plan import Plan
    from softcord.app.engine import NetTraining
    from softcord.app.inputs.training_data import Dataset


def prepare_synthetic(plan: "Plan", dataset: "Dataset") -> "NetTraining":
    """Return what trains one net on drawn patches; those that validate it are the same in every run."""
    from softcord.synthetic.dataset import SyntheticPatches, SyntheticValidation
    from softcord.train.device import augments_on_gpu

    settings = plan.synthetic()
    later = augments_on_gpu(plan.machine)
    train = SyntheticPatches(settings, plan.patch_voxels, plan.seed, plan.augment(), augment_later=later)
    val = SyntheticValidation(settings, plan.patch_voxels)
    return partial(train_and_load, plan, describe_model(plan, dataset, plan.method, ()), (train, val))
