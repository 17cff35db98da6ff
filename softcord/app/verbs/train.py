"""``softcord train``: train, predict, measure and record one run, or every run of a sweep."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.compose import Overrides
from softcord.app.config.method_name import run_name
from softcord.app.config.plan import Plan
from softcord.app.console.terminal import start_logging
from softcord.app.sweeps.launch import Study, launch
from softcord.errors import PrunedError

if TYPE_CHECKING:
    from softcord.sweep.ledger import Run
    from softcord.sweep.search_settings import Outcome

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    return launch(train_one, sys.argv[1:] if arguments is None else arguments, training_study)


def training_study() -> Study:
    """Return what makes trainings a study: recorded, watched, summed up."""
    from softcord.app.records.store import check_databases
    from softcord.app.sweeps import runs
    from softcord.app.sweeps.live_view import watch
    from softcord.app.sweeps.outlook import say_outlook
    from softcord.app.sweeps.shared_data import make_shared_data

    def check(plan: Plan) -> None:
        check_engine(plan)
        check_databases(plan)

    def begin(arguments: Sequence[str], plans: list[Plan], engine: Overrides) -> list[Plan]:
        left = runs.begin_sweep(arguments, plans)
        say_outlook(left)
        make_shared_data(left, engine)
        return left

    return Study(
        check=check,
        begin=begin,
        watch=watch,
        note_failure=runs.note_failure,
        attempts_at=runs.attempts_at,
        without_end=runs.without_end,
        running=runs.running,
        finish=runs.finish,
    )


def check_engine(plan: Plan) -> None:
    """Refuse a plan that its engine cannot make."""
    from softcord.app.engine import engine_of

    engine_of(plan).check(plan)


def train_one(plan: Plan) -> "Outcome | None":
    """Bring one run to its end: recognised if complete, resumed if interrupted.

    Return what its search wants to know; None for a run that is no trial.
    """
    from softcord.app.engine import engine_of
    from softcord.app.inputs.training_data import open_dataset
    from softcord.app.sweeps.run_once import run_once
    from softcord.app.sweeps.runs import check_names, fingerprint_of, named, new_run
    from softcord.app.sweeps.trial import outcome
    from softcord.sweep.search_settings import Outcome

    (plan,) = named([plan])
    dataset = open_dataset(plan)
    fingerprint = fingerprint_of(plan, dataset)
    run = new_run(plan, run_name(plan.method, plan.seed, fingerprint), fingerprint)
    check_names([plan])

    def work(here: Plan, begun: "Run", run_dir: Path) -> None:
        from softcord.app.runs.training import bring_to_end

        bring_to_end(here, dataset, begun, run_dir)

    try:
        run_once(run, plan, work, engine_of(plan).work_folders)
    except PrunedError as end:
        logger.info("%s", end)
        return Outcome(pruned=True)
    return outcome(plan, plan.study_dir / run.name)
