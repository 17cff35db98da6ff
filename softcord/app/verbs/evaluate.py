"""``softcord evaluate``: apply trained methods to other images; measure them where there is ground truth."""

import logging
import sys
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from softcord.app.config.compose import Overrides
from softcord.app.config.help import usage_of
from softcord.app.config.identity import digest
from softcord.app.config.method_name import run_name
from softcord.app.config.plan import Plan
from softcord.app.console.exit_codes import STUDY
from softcord.app.console.remedies import told
from softcord.app.console.streams import show
from softcord.app.console.terminal import show_table, start_logging
from softcord.app.models.trained import find_trained
from softcord.app.sweeps.launch import Study, launch
from softcord.errors import DataError, UsageError
from softcord.hints import counted
from softcord.sweep.commands import record_command
from softcord.sweep.folder import MEASURES, PREDICTIONS

if TYPE_CHECKING:
    from softcord.sweep.ledger import Run

logger = logging.getLogger("softcord")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the verb and return its exit code."""
    start_logging()
    given = sys.argv[1:] if arguments is None else arguments
    # ``model`` is a net's configuration elsewhere; here it is a trained one.
    words = [f"evaluate.{word}" if word.startswith("model=") else word for word in given]
    return launch(evaluate_one, words, evaluation_study, usage_of("evaluate"))


def evaluation_study() -> Study:
    """Return what makes tests of trained methods a study: recorded and summed up like trainings."""
    from softcord.app.records.store import check_databases
    from softcord.app.sweeps import runs
    from softcord.app.sweeps.live_view import watch

    def check(plan: Plan) -> None:
        check_databases(plan)
        if not _why_absent(plan):  # said where it is to run: the others of a sweep go on
            runs.check_names([as_tested(plan)], "evaluate")

    def begin(arguments: Sequence[str], plans: list[Plan], _engine: Overrides) -> list[Plan]:
        plans = _present(plans)
        tested = [as_tested(plan) for plan in plans]
        runs.check_names(tested, "evaluate")
        for folder in dict.fromkeys(plan.study_dir for plan in tested) if arguments else ():
            wanted = [runs.planned(plan, "evaluate") for plan in tested if plan.study_dir == folder]
            record_command(folder, arguments, wanted)
        return plans  # each recognises by itself whether it is complete

    def watched(plans: list[Plan]) -> AbstractContextManager[None]:
        tested = [as_tested(plan) for plan in plans]
        complete = {key for key, run in runs.latest_runs(tested).items() if run.is_complete}
        left = [one for one in tested if one.rerun or (one.study_dir, one.config_hash) not in complete]
        return watch(left) if left else nullcontext()

    def without_end(plans: list[Plan], before: runs.Attempts) -> tuple[list[Plan], list[Plan]]:
        given = {(plan.study_dir, as_tested(plan).config_hash): plan for plan in plans}
        stopped, missing = runs.without_end([as_tested(plan) for plan in plans], before)
        return (
            [given[plan.study_dir, plan.config_hash] for plan in stopped],
            [given[plan.study_dir, plan.config_hash] for plan in missing],
        )

    def finish(plans: list[Plan]) -> int:
        present = [as_tested(plan) for plan in plans if not _why_absent(plan)]
        code = runs.finish(present, _show_results)
        if len(present) < len(plans):
            logger.error("%d of %d tests lack their model", len(plans) - len(present), len(plans))
        return code if len(present) == len(plans) else STUDY

    return Study(
        check=check,
        begin=begin,
        watch=watched,
        note_failure=lambda plan, error: runs.note_failure(as_tested(plan), error, "evaluate"),
        attempts_at=lambda plans: runs.attempts_at([as_tested(plan) for plan in plans]),
        without_end=without_end,
        running=lambda plans: [plan for plan in plans if runs.running([as_tested(plan)])],
        finish=finish,
    )


def as_tested(plan: Plan) -> Plan:
    """Return the plan with the trained method's name and seed, and a hash that knows its weights.

    Raises:
        UsageError, DataError: there is no such trained method.
    """
    settings = plan.evaluate
    if plan.uncertainty:
        hint = "softcord predict -uncertainty and softcord measure -calibration make one of any model's masks"
        raise UsageError("uncertainty", "is for training, which leaves a calibration", hint)
    trained = find_trained(settings.model, plan.paths.outputs_dir, plan.paths.store_dir)
    tested = {
        "weights": trained.identity,
        "model_of": settings.stand_ins,
        "participants": settings.participants,
        "data": plan.data_name,
    }
    method = "_".join(word for word in (trained.method, plan.config["variant"]) if word)
    return replace(plan, method=method, seed=trained.seed, config={**plan.config, "tested": tested})


def _why_absent(plan: Plan) -> str:
    """Return why a plan's trained method cannot be applied, nothing if it can."""
    try:
        as_tested(plan)
    except DataError as error:
        return told(error)
    return ""


def _present(plans: list[Plan]) -> list[Plan]:
    """Return the plans whose trained method is there; name the methods that are not.

    Raises:
        DataError: none is there.
    """
    absent = {plan.evaluate.model: why for plan in plans if (why := _why_absent(plan))}
    present = [plan for plan in plans if plan.evaluate.model not in absent]
    if not present:
        as_tested(plans[0])
    for why in absent.values():
        logger.warning("not run: %s", why)
    return present


def evaluate_one(plan: Plan) -> None:
    """Bring one trained method through one dataset: recognised if complete, continued if interrupted."""
    import softcord
    from softcord.app.inputs.test_data import open_test_data
    from softcord.app.runs.evaluation import Evaluation, bring_to_end
    from softcord.app.sweeps.run_once import run_once
    from softcord.app.sweeps.runs import new_run

    plan = as_tested(plan)
    trained = find_trained(plan.evaluate.model, plan.paths.outputs_dir, plan.paths.store_dir)
    test = Evaluation(plan, trained, open_test_data(plan, plan.evaluate))
    identity = {
        "config": plan.config_hash,
        "dataset": test.data.identity,
        "reference": test.data.reference,
        "version": softcord.__version__,
    }
    fingerprint = digest(identity)
    name = run_name(plan.method, plan.seed, fingerprint, plan.data_name)
    run = new_run(plan, name, fingerprint, "evaluate")

    def work(here: Plan, begun: "Run", run_dir: Path) -> None:
        bring_to_end(replace(test, plan=here), begun, run_dir)

    run_once(run, plan, work, (PREDICTIONS,))


def _show_results(first: Plan, run_dirs: Sequence[Path]) -> None:
    """Print a table per dataset: numbers of different people are never mixed."""
    from softcord.app.results.by_dataset import by_dataset
    from softcord.measure.level_text import format_levels
    from softcord.report.summary import summary_table
    from softcord.stats.load import load_measures

    for data, folders in by_dataset(run_dirs).items():
        measures = load_measures(folder / MEASURES for folder in folders)
        if len(measures):
            table = summary_table(measures, format_levels(first.levels))
            people = counted(measures["participant_id"].nunique(), "participant")
            show_table(table, f"{first.study}, {data}: mean ± SD over {people}")
        else:
            show(f"\n{first.study}, {data}: no ground truth; look at qc.html of each run")
    show(f"\nresults    {first.study_dir}/")
    show(f"compare    python -m softcord.compare study={first.study}")
