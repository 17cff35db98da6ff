"""``softcord phantom``: write the synthetic dataset."""

import logging
import sys
from collections.abc import Sequence

from softcord.app.config.help import usage_of
from softcord.app.config.plan import Plan
from softcord.app.console.terminal import start_logging
from softcord.app.sweeps.launch import launch

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    return launch(_write, sys.argv[1:] if arguments is None else arguments, usage=usage_of("phantom"))


def _write(plan: Plan) -> None:
    from softcord.app.inputs.training_data import make_phantom

    make_phantom(plan)
    logger.info("phantom dataset %s is at %s", plan.phantom().name, plan.data.root)
