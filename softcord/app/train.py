"""``softcord train``: train, predict, measure and record one run, or every run of a sweep."""

import logging
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from softcord.app.exit import DONE, STUDY
from softcord.app.launch import Failure, launch
from softcord.app.plan import Plan, digest
from softcord.app.terminal import logging_to, show_table, start_logging

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    return launch(train_one, sys.argv[1:] if arguments is None else arguments, finish)


def train_one(plan: Plan) -> float | None:
    """Bring one run to its end: recognised if complete, resumed if interrupted; return its objective."""
    import softcord
    from softcord.app.dataset import open_dataset
    from softcord.sweep.ledger import Run, claim, read_run

    dataset = open_dataset(plan)
    identity = {
        "config": plan.config_hash,
        "split": dataset.split.sha256,
        "dataset": dataset.identity,
        "version": softcord.__version__,
    }
    fingerprint = digest(identity)
    name = f"{plan.method}_s{plan.seed}-{fingerprint[:6]}"
    run_dir = plan.study_dir / name
    with claim(run_dir):
        run = read_run(run_dir)
        if run and run.state == "complete" and not plan.rerun:
            logger.info("%s is complete (%.0f s then); rerun=true would train it again", name, run.seconds)
            return None
        run = run or Run(
            name=name,
            study=plan.study,
            method=plan.method,
            seed=plan.seed,
            fingerprint=fingerprint,
            config_hash=plan.config_hash,
            overrides=plan.overrides,
        )
        with logging_to(run_dir / "log.txt"):
            from softcord.app.run import bring_to_end

            bring_to_end(plan, dataset, run, run_dir)
    return None
