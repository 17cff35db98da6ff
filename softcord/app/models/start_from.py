"""The trained model that a training goes on from: ``train.start_from``."""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.instantiate import TARGET
from softcord.errors import UsageError

if TYPE_CHECKING:
    from softcord.app.config.plan import Plan
    from softcord.predict.package import Model, NetDescription


def net_description(plan: "Plan") -> "NetDescription":
    """Return the class of the plan's net and its arguments."""
    from softcord.predict.package import NetDescription

    arguments = dict(plan.config["model"])
    return NetDescription(arguments.pop(TARGET), arguments)


def starting_model(plan: "Plan") -> "Model | None":
    """Return the model whose weights the plan's net starts with; None for random ones.

    Raises:
        DataError: the model cannot be read.
        UsageError: nothing of that name, or its net is another one.
    """
    if plan.train.start_from is None:
        return None
    model = _find(plan.train.start_from, plan.study_dir.parent, plan.store_dir)
    there, net = model.description.net, net_description(plan)
    for key in sorted({*there.arguments, *net.arguments}):
        theirs, ours = there.arguments.get(key), net.arguments.get(key)
        if theirs != ours:
            what = f"is a net with {key}={theirs}, the configuration's has {ours}"
            raise UsageError("train.start_from", what, "Choose model= as it was for that training")
    if there.target != net.target:
        raise UsageError("train.start_from", f"is a {there.target}, the configuration's net a {net.target}")
    return model


def starting_weights_sha256(plan: "Plan") -> str:
    """Return the checksum of the weights that ``train.start_from`` names."""
    from softcord.predict.package import weights_sha256

    assert plan.train.start_from is not None
    return weights_sha256(_find(plan.train.start_from, plan.study_dir.parent, plan.store_dir))


@cache
def _find(word: str, outputs: Path, store: Path) -> "Model":
    from softcord.app.models.find import find_model

    try:
        return find_model(word, outputs, store)
    except UsageError as error:
        raise UsageError("train.start_from", error.what, error.hint) from error
