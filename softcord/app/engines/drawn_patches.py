"""Patches that are drawn for a net to learn from."""

from functools import partial

from softcord.app.config.plan import Plan
from softcord.app.engines.model_description import describe_model
from softcord.app.engines.net import NetTraining, train_and_load
from softcord.app.inputs.training_data import Dataset
from softcord.synthetic.dataset import SyntheticPatches, SyntheticValidation
from softcord.train.device import augments_on_gpu


def prepare_drawn_patches(plan: Plan, dataset: Dataset) -> NetTraining:
    """Return what trains one net on drawn patches; those that validate it are the same in every run."""
    settings = plan.synthetic()
    later = augments_on_gpu(plan.machine)
    train = SyntheticPatches(settings, plan.patch_voxels, plan.seed, plan.augment(), augment_later=later)
    val = SyntheticValidation(settings, plan.patch_voxels)
    return partial(train_and_load, plan, describe_model(plan, dataset, plan.method, ()), (train, val))
