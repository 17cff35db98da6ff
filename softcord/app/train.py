"""``softcord train``: train, predict, measure and record one run, or every run of a sweep."""

import logging
import shutil
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from softcord.app.launch import Study, launch
from softcord.app.plan import Plan, check_training
from softcord.app.terminal import logging_to, start_logging
from softcord.errors import PrunedError

if TYPE_CHECKING:
    from softcord.sweep.search import Outcome

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    return launch(train_one, sys.argv[1:] if arguments is None else arguments, training_study)


def training_study() -> Study:
    """Return what makes trainings a study: recorded, watched, summed up."""
    from softcord.app import sweep
    from softcord.app.live import watch

    return Study(
        check=check_training,
        begin=sweep.begin_sweep,
        watch=watch,
        note_failure=sweep.note_failure,
        without_end=sweep.without_end,
        finish=sweep.finish,
    )


def train_one(plan: Plan) -> "Outcome | None":
    """Bring one run to its end: recognised if complete, resumed if interrupted.

    Return what its search wants to know; None for a run that is no trial.
    """
    from softcord.app.dataset import open_dataset
    from softcord.app.engine import WORK_FOLDERS
    from softcord.app.sweep import (
        check_names,
        fingerprint_of,
        forget_unopened,
        has_results,
        lasting_overrides,
        remember,
        say_complete,
        with_threads,
    )
    from softcord.app.trial import outcome
    from softcord.sweep.ledger import Run, attempt, claim, leftovers, read_run
    from softcord.sweep.search import Outcome

    dataset = open_dataset(plan)
    fingerprint = fingerprint_of(plan, dataset)
    name = f"{plan.method}_s{plan.seed}-{fingerprint[:6]}"
    run_dir = plan.study_dir / name
    check_names([plan])
    with claim(run_dir):
        remember(plan)
        forget_unopened(plan)
        run = read_run(run_dir)
        if run and run.is_complete and has_results(run_dir) and not plan.rerun:
            say_complete(run)
            return outcome(plan, run_dir)
        if run is None or plan.rerun:
            # Without what it has made so far, a run starts anew.
            for folder in WORK_FOLDERS:
                shutil.rmtree(run_dir / folder, ignore_errors=True)
            run = Run(
                name=name,
                study=plan.study,
                method=plan.method,
                seed=plan.seed,
                fingerprint=fingerprint,
                config_hash=plan.config_hash,
                overrides=lasting_overrides(plan),
            )
        for path in leftovers(run_dir):
            path.unlink(missing_ok=True)
        from softcord.app.run import bring_to_end
        from softcord.train.threads import computing_in

        try:
            with logging_to(run_dir / "log.txt"):
                run = with_threads(run, plan.machine)
                with computing_in(run.threads), attempt(run_dir, run) as begun:
                    bring_to_end(plan, dataset, begun, run_dir)
        except PrunedError as end:
            logger.info("%s", end)
            return Outcome(pruned=True)
    return outcome(plan, run_dir)
