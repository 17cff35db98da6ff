"""The trained model that a training goes on from: ``train.start_from``."""

from typing import TYPE_CHECKING

from softcord.errors import UsageError

if TYPE_CHECKING:
    from softcord.app.plan import Plan
    from softcord.predict.package import Model, NetDescription


def starting_model(plan: "Plan", net: "NetDescription") -> "Model | None":
    """Return the model whose weights ``net`` starts with; None for random ones.

    Raises:
        DataError: the package cannot be read.
        UsageError: its net is another one.
    """
    if plan.train.start_from is None:
        return None
    from softcord.predict.package import read_package

    model = read_package(plan.train.start_from)
    there = model.description.net
    for key in sorted({*there.arguments, *net.arguments}):
        theirs, ours = there.arguments.get(key), net.arguments.get(key)
        if theirs != ours:
            what = f"is a net with {key}={theirs}, the configuration's has {ours}"
            raise UsageError("train.start_from", what, "Choose model= as it was for that training")
    if there.target != net.target:
        raise UsageError("train.start_from", f"is a {there.target}, the configuration's net a {net.target}")
    return model
