"""Data that several runs of a command need: made once, by all cores, before runs stand beside each other."""

import json
from collections.abc import Sequence
from contextlib import suppress

from softcord.app.config.plan import Plan
from softcord.app.engine import engine_of
from softcord.app.inputs.training_data import open_dataset

# Launchers that run jobs beside each other, all on this machine.
_ON_THIS_MACHINE = {"hydra/launcher=pool", "hydra/launcher=joblib"}
# Parts of a configuration that say nothing about which data are opened.
_NOT_DATA = (
    *("seed", "loss", "model", "augment", "train", "machine", "levels", "tails", "uncertainty"),
    *("variant", "rerun", "search"),
)


def data_key(plan: Plan) -> str:
    """Return what plans that open the same data have in common."""
    about_data = {key: value for key, value in plan.config.items() if key not in _NOT_DATA}
    return json.dumps([about_data, plan.choices["data"]], sort_keys=True, default=str)


def make_shared_data(plans: Sequence[Plan], engine: Sequence[str]) -> None:
    """Make the phantoms, ground truths and volumes of all plans, each once, if several run at once here.

    Runs that begin at the same moment would wait for the first of them here, and share its cores with it.
    What cannot be made is not said: the runs that need it find it too, and fail by it, the others go on.
    ``engine`` says how the runs are launched (hydra/launcher=...): on a cluster each job makes its own.
    """
    if len(plans) < 2 or not _ON_THIS_MACHINE & set(engine):
        return
    for plan in {data_key(plan): plan for plan in plans}.values():
        with suppress(Exception):  # whatever it is, also of an engine of others, ends runs and no command
            engine_of(plan).prepare(plan, open_dataset(plan))
