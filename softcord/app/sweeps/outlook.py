"""Say what a command is about to do, and about how long that takes, before the first silence."""

import logging
from collections.abc import Sequence

from softcord.app.config.plan import Plan
from softcord.app.console.terminal import duration
from softcord.hints import counted

logger = logging.getLogger("softcord")

# Of the shipped demo (README.md: four methods in 9 minutes on two CPU cores, its phantoms among them).
_DEMO_S_PER_METHOD = 130


def say_outlook(plans: Sequence[Plan]) -> None:
    """Log which data are made and how many methods are trained; a time only where it was measured."""
    if not plans:
        return
    for plan in {one.data.root: one for one in plans if one.needs_phantom}.values():
        if not plan.data.root.exists():
            people = plan.phantom().n_participants
            what = "first makes %d phantom people in %s; data=bids data.root=PATH takes your images"
            logger.info(what, people, plan.data.root)
    trained = [plan for plan in plans if plan.engine.trains]
    if not trained:
        return
    epochs = {plan.train.epochs if plan.choices["engine"] == "softcord" else None for plan in trained}
    (one, *others) = epochs
    length = "" if others or one is None else f" of {counted(one, 'epoch')}"
    runs = f"{counted(len(trained), 'training')}{length}"
    is_demo = all(_is_demo(plan) for plan in trained)
    took = f"; about {duration(_DEMO_S_PER_METHOD * len(trained))} on two CPU cores" if is_demo else ""
    logger.info("%s, then tables in %s%s", runs, trained[0].study_dir, took)


def _is_demo(plan: Plan) -> bool:
    shipped = {"data": "phantom", "phantom": "demo", "model": "small", "train": "demo", "engine": "softcord"}
    return all(plan.choices[group] == option for group, option in shipped.items()) and plan.train.epochs == 6
