"""``softcord train``: train, predict, measure and record one run, or every run of a sweep."""

import logging
import shutil
import sys
from collections.abc import Sequence

from softcord.app.exit import DONE, STUDY
from softcord.app.launch import Failure, launch
from softcord.app.plan import Plan, check_training, digest
from softcord.app.terminal import logging_to, show_table, start_logging
from softcord.errors import PrunedError, UsageError
from softcord.sweep.search import Outcome

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    return launch(train_one, sys.argv[1:] if arguments is None else arguments, finish, check_training)


def train_one(plan: Plan) -> Outcome | None:
    """Bring one run to its end: recognised if complete, resumed if interrupted.

    Return what its search wants to know; None for a run that is no trial.
    """
    import softcord
    from softcord.app.dataset import open_dataset
    from softcord.app.per_contrast import MODELS
    from softcord.app.trial import outcome
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
    _check_name_is_free(plan)
    with claim(run_dir):
        run = read_run(run_dir)
        if run and run.state == "complete" and not plan.rerun:
            logger.info("%s is complete (%.0f s then); rerun=true would train it again", name, run.seconds)
            return outcome(plan, run_dir)
        if run is None or plan.rerun:
            # Without its checkpoints and the runs below it, a run starts anew.
            for folder in ("checkpoints", MODELS):
                shutil.rmtree(run_dir / folder, ignore_errors=True)
            run = Run(
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

            try:
                bring_to_end(plan, dataset, run, run_dir)
            except PrunedError as end:
                logger.info("%s", end)
                return Outcome(pruned=True)
    return outcome(plan, run_dir)


def _check_name_is_free(plan: Plan) -> None:
    """Refuse a run that statistics would take for a replicate of a different one.

    Raises:
        UsageError: the study has this method and seed with another configuration.
    """
    from softcord.sweep.ledger import read_study

    for other in read_study(plan.study_dir):
        is_same_name = (other.method, other.seed) == (plan.method, plan.seed)
        if is_same_name and other.state == "complete" and other.config_hash != plan.config_hash:
            what = f"has {plan.method} with seed {plan.seed} and other settings ({other.name})"
            raise UsageError(f"study {plan.study}", what, "Add variant=WORD to the name, or study=NAME")


def finish(plans: list[Plan], failures: list[Failure]) -> int:
    """Show the table of the runs that were asked for, name those that failed, say where to look."""
    import pandas as pd

    from softcord.measure.levels import format_levels
    from softcord.measure.table import read_measures
    from softcord.report.summary import summary_table
    from softcord.sweep.ledger import read_study

    wanted = {(plan.study_dir, plan.config_hash) for plan in plans}
    latest = {
        (folder, run.config_hash): run
        for folder in {p.study_dir for p in plans}
        for run in read_study(folder)
    }
    done = [
        (folder, run) for (folder, key), run in latest.items() if (folder, key) in wanted and run.is_complete
    ]
    if done:
        tables = [read_measures(folder / run.name / "measures.csv") for folder, run in done]
        summary = summary_table(pd.concat(tables, ignore_index=True), format_levels(plans[0].levels))
        show_table(summary, f"{plans[0].study}: mean ± SD over {plans[0].split_name} test participants")
        _say_where(plans[0])
    for failure in failures:
        logger.error("failed: %s: %s", " ".join(failure.overrides), failure.error)
    missing = len(wanted) - len(done)
    if missing:
        logger.error("%d of %d runs are not complete; the same command runs only those", missing, len(wanted))
    return _exit_code(failures, missing, some_done=bool(done))


def _exit_code(failures: list[Failure], missing: int, *, some_done: bool) -> int:
    codes = {getattr(failure.error, "exit_code", STUDY) for failure in failures}
    if not some_done and len(codes) == 1:
        return int(codes.pop())  # everything failed for one reason: that reason's code says more
    return STUDY if missing or failures else DONE


def _say_where(plan: Plan) -> None:
    print(f"\nresults    {plan.study_dir}/")
    print(f"compare    python -m softcord.compare study={plan.study}")
    print("dashboard  softcord ui")
